# A ledger over HTTP: POST /lines appends the body as a line to a file, POST /rows adds it as a row to
# an SQLite database in WAL mode; durable before it answers. GET lists all; GET /check has SQLite check
# its file; GET /health and GET / tell the version. "ledger.pl check" is the health check. SIGUSR1
# makes it take memory until it is killed.
#
# BROKEN says what /health does, seen from outside: `yes` says so; `hang` never answers; `page` answers
# any path with the same page, as an application in the browser does; `slow` takes a second and a
# half; `flap` is well for the first five seconds and never again.
use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Handle;
use IO::Socket::INET;

my $file = '/var/lib/ledger/lines';
my @sqlite = ('sqlite3', '-bail', '-cmd', '.timeout 10000', '/var/lib/ledger/rows.db');
my ($version, $broken) = ($ENV{VERSION}, $ENV{BROKEN} // '');
my $began = time;

if (@ARGV) {
  my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:80', Timeout => 2) or die "no answer\n";
  # Docker's own check is content with an answer where a probe from outside looks closer.
  my $page = $broken =~ /^(yes|flap)$/ ? '/health' : '/';
  print $socket "GET $page HTTP/1.0\r\n\r\n";
  my $status = <$socket> // '';
  print $status;
  exit($status =~ / 200 / ? 0 : 1);
}

# A full disk takes a part of a line: what is acknowledged next must not stand behind it in one line.
sub append {
  my ($line) = @_;
  open(my $out, '>>', $file) or return 0;
  flock($out, LOCK_EX);
  my $size = -s $out;
  my $written = syswrite($out, "$line\n");
  return close($out) if ($written // 0) > length($line) && $out->sync;
  my $why = $!;
  truncate($out, $size);
  $! = $why;
  return 0;
}

sub listing {
  open(my $in, '<', $file) or return '';
  local $/;
  return <$in> // '';
}

# Words of a list form: nothing is taken for a shell's.
sub sql {
  my ($statement) = @_;
  open(my $out, '-|', @sqlite, $statement) or return undef;
  local $/;
  my $text = <$out> // '';
  return close($out) ? $text : undef;
}

sub rows {
  my ($method, $body) = @_;
  my $text = $method eq 'GET' ? sql('SELECT number FROM row')
    : $body =~ /^(\d+)$/ ? sql("INSERT INTO row VALUES ($1)") : undef;
  return (507, "not written\n") unless defined $text;
  return (200, $method eq 'GET' ? $text : "written\n");
}

sub answer {
  my ($method, $path, $body) = @_;
  if ($path eq '/health') {
    sleep 300 if $broken eq 'hang';
    select(undef, undef, undef, 1.5) if $broken eq 'slow';
    return (200, "<html><title>An app</title></html>\n") if $broken eq 'page';
    return (500, "broken $version\n") if $broken eq 'yes' || $broken eq 'flap' && time > $began + 5;
    return (200, "healthy $version\n");
  }
  return (200, "ledger $version\n") if $path eq '/';
  return rows($method, $body) if $path eq '/rows';
  return (200, sql('PRAGMA integrity_check') // "no answer\n") if $path eq '/check';
  return (404, "no such page\n") if $path ne '/lines';
  return (200, listing()) if $method eq 'GET';
  return append($body) ? (200, "written\n") : (507, "not written: $!\n");
}

sub serve {
  my ($client) = @_;
  my ($method, $path) = split(/ /, <$client> // '');
  my $length = 0;
  while (defined(my $header = <$client>)) {
    $length = $1 if $header =~ /^content-length:\s*(\d+)/i;
    last if $header =~ /^\r?\n$/;
  }
  return unless defined $path;
  my $body = '';
  read($client, $body, $length) if $length;
  my ($status, $text) = answer($method, $path, $body);
  print $client "HTTP/1.1 $status -\r\nContent-Length: " . length($text)
    . "\r\nConnection: close\r\n\r\n$text";
}

$SIG{TERM} = sub { exit 0 };
$SIG{CHLD} = 'IGNORE';
# It stays: the last one to close the database would empty its log into it.
open(my $keep, '|-', @sqlite) or die "sqlite3: $!";
print $keep ".output /dev/null\nPRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS row (number INTEGER NOT NULL);\n";
$keep->flush;
$SIG{USR1} = sub {
  my $eaten = '';
  $eaten .= 'x' x 4_000_000 while 1;
};
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 128, ReuseAddr => 1) or die "listen: $!";
print "ledger $version\n";
STDOUT->flush;
while (1) {
  my $client = $server->accept or next;
  my $child = fork;
  if (!$child) {
    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'DEFAULT';
    serve($client);
    exit 0;
  }
  close($client);
}
