use HTTP::Daemon;
use HTTP::Response;
my $daemon = HTTP::Daemon->new(LocalPort => 80, ReuseAddr => 1) or die "bind: $@";
while (my $client = $daemon->accept) {
    while ($client->get_request) { $client->send_response(HTTP::Response->new(200, "OK", undef, "sees " . $client->peerhost . "\n")); }
    $client->close;
}
