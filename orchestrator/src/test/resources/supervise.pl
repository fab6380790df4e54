# supervise.pl PORT NONBLOCKING COMMAND...: what systemd does for a service with a socket unit and
# Restart=always: listens, gives the socket to the command (sd_listen_fds(3)), starts it again when it
# has ended; until it is asked to end, when it asks the command.
use strict;
use warnings;
use Fcntl;
use IO::Socket::INET;
use POSIX ();

my ($port, $nonblocking, @command) = @ARGV;
my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 4096, ReuseAddr => 1)
  or die "port $port: $@";
fcntl($socket, F_SETFL, O_NONBLOCK) or die $! if $nonblocking;
my $child = 0;
my $ending = 0;
$SIG{TERM} = sub { $ending = 1; kill 'TERM', $child if $child };
until ($ending) {
  $child = fork // die $!;
  if ($child == 0) {
    $SIG{TERM} = 'DEFAULT';
    if (fileno($socket) == 3) {
      fcntl($socket, F_SETFD, 0) or die $!;
    } else {
      POSIX::dup2(fileno($socket), 3) or die $!;
    }
    @ENV{'LISTEN_PID', 'LISTEN_FDS'} = ($$, 1);
    exec @command or die $!;
  }
  1 while waitpid($child, 0) == -1 && $!{EINTR};
}
