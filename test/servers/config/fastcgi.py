"""Asks a FastCGI server on a Unix socket for a script that is not there: the answer says whose it is."""
import socket
import struct
import sys


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return bytes([len(name), len(value)]) + name.encode() + value.encode()


params = {"REQUEST_METHOD": "GET", "SCRIPT_FILENAME": "/none.php", "SCRIPT_NAME": "/none.php", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1"}
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, b"".join(pair(*each) for each in params.items())) + record(4, b"") + record(5, b""))
answer = b""
while chunk := client.recv(65536):
    answer += chunk
print(answer.decode("latin-1"))
