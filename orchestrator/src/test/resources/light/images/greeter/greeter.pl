# Greets whoever connects with the text of a file of the release; answers each datagram with the
# same text and what the datagram says.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{TERM} = sub { exit 0 };
open(my $in, '<', '/greeting.txt') or die "greeting: $!";
my $greeting = <$in>;
my $server = IO::Socket::INET->new(LocalPort => 7000, Listen => 16, ReuseAddr => 1) or die "listen: $!";
my $datagrams = IO::Socket::INET->new(LocalPort => 7000, Proto => 'udp') or die "udp: $!";
my $child = fork // die "fork: $!";
if (!$child) {
  while (defined $datagrams->recv(my $text, 1500)) {
    $datagrams->send($greeting . $text);
  }
  exit 1;
}
while (1) {
  my $client = $server->accept or next;
  print $client $greeting;
  close($client);
}
