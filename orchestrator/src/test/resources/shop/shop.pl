# A web application that keeps all it knows on its disk. Until somebody has set it up, every page leads to
# /setup. POST /login begins a session, which is a file and a cookie; GET /account shows whose it is.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::INET;

my $data = '/var/lib/shop';

sub durable {
  my ($name, $text) = @_;
  open(my $out, '>', "$data/$name.new") or die "$name: $!";
  print $out $text;
  $out->flush && $out->sync && close($out) or die "$name: $!";
  rename("$data/$name.new", "$data/$name") or die "$name: $!";
}

sub user {
  my ($cookie) = @_;
  my ($id) = $cookie =~ /session=([0-9a-f]+)/ or return undef;
  open(my $in, '<', "$data/sessions/$id") or return undef;
  return <$in>;
}

sub answer {
  my ($method, $path, $cookie, $body) = @_;
  return (200, "healthy\n") if $path eq '/health';
  if ($path eq '/setup' && $method eq 'POST') {
    mkdir "$data/sessions";
    durable('setup', $body);
    return (200, "set up\n");
  }
  return (200, "<title>Set up your shop</title>\n") if $path eq '/setup';
  return (302, '', 'Location: /setup') unless -e "$data/setup";
  if ($path eq '/login') {
    my $id = join '', map { sprintf '%02x', rand 256 } 1 .. 16;
    durable("sessions/$id", $body);
    return (200, "hello\n", "Set-Cookie: session=$id");
  }
  return (200, "<title>Shop</title>\n") if $path ne '/account';
  my $user = user($cookie);
  return defined $user ? (200, "account of $user\n") : (302, '', 'Location: /login');
}

sub serve {
  my ($client) = @_;
  my ($method, $path) = split(/ /, <$client> // '');
  my ($length, $cookie, $body) = (0, '', '');
  while (defined(my $header = <$client>)) {
    $length = $1 if $header =~ /^content-length:\s*(\d+)/i;
    $cookie = $1 if $header =~ /^cookie:\s*(.*?)\s*$/i;
    last if $header =~ /^\r?\n$/;
  }
  return unless defined $path;
  read($client, $body, $length) if $length;
  my ($status, $text, @more) = answer($method, $path, $cookie, $body);
  print $client join("\r\n", "HTTP/1.1 $status -", 'Content-Length: ' . length($text), 'Connection: close',
    @more), "\r\n\r\n$text";
}

if (@ARGV) {
  my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:80', Timeout => 2) or die "no answer\n";
  print $socket "GET /health HTTP/1.0\r\n\r\n";
  exit((<$socket> // '') =~ / 200 / ? 0 : 1);
}
$SIG{TERM} = sub { exit 0 };
my $server = IO::Socket::INET->new(LocalPort => 80, Listen => 128, ReuseAddr => 1) or die "listen: $!";
while (1) {
  my $client = $server->accept or next;
  eval { serve($client) };
  warn $@ if $@;
  close($client);
}
