# Greets whoever connects with the text of a file of the release.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{TERM} = sub { exit 0 };
open(my $in, '<', '/greeting.txt') or die "greeting: $!";
my $greeting = <$in>;
my $server = IO::Socket::INET->new(LocalPort => 7000, Listen => 16, ReuseAddr => 1) or die "listen: $!";
while (1) {
  my $client = $server->accept or next;
  print $client $greeting;
  close($client);
}
