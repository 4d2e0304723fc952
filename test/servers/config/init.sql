CREATE USER 'guest'@'%';
