# list.pl FOLDER: every entry below it with all that a copy must keep, a line each; not by means of
# the copier's own tools.
use strict;
use warnings;

my $root = shift;
my (%inodes, @lines);

sub digest {
  open(my $sum, '-|', 'sha256sum', '--', $_[0]) or die;
  return <$sum> =~ /^\\?([0-9a-f]{64})/ ? $1 : die "no digest of $_[0]";
}

sub attributes {
  my ($path) = @_;
  my $names = "\0" x 4096;
  my $length = syscall(195, $path, $names, 4096);
  return '' if $length <= 0;
  my @found;
  for my $name (sort split(/\0/, substr($names, 0, $length))) {
    my $value = "\0" x 4096;
    my $size = syscall(192, $path, $name, $value, 4096);
    push @found, "$name=" . unpack('H*', substr($value, 0, $size < 0 ? 0 : $size));
  }
  return join(',', @found);
}

sub look {
  my ($path) = @_;
  (my $name = $path) =~ s/^\Q$root\E//;
  return if $name eq '/.orchestrator';
  my @s = lstat($path);
  my $kind = -l _ ? 'link ' . readlink($path) : -d _ ? 'folder' : -p _ ? 'fifo' : 'file';
  my $content = '';
  if ($kind eq 'file') {
    $content = sprintf('%d bytes, %s', $s[7], digest($path));
  }
  # The first name of an inode stands for all: hard links are told apart from copies.
  $inodes{$s[1]} //= $name;
  push @lines, [$name, join(' ', $kind, sprintf('%o', $s[2]), "$s[4]:$s[5]", $s[9],
    $kind eq 'folder' ? '' : "links $s[3] with $inodes{$s[1]}", $content, attributes($path))];
  return if $kind ne 'folder';
  opendir(my $folder, $path) or die "$path: $!";
  look("$path/$_") for sort grep { $_ ne '.' && $_ ne '..' } readdir($folder);
}

look($root);
for (sort { $a->[0] cmp $b->[0] } @lines) {
  my $line = "$_->[0] $_->[1]";
  $line =~ s/([^\x20-\x7e])/sprintf('\\x%02x', ord($1))/ge;
  print "$line\n";
}
