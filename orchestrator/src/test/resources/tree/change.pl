# change.pl FOLDER SEED COUNT: so many random changes in a tree, as services make them; the same for
# the same seed and tree.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use POSIX qw(mkfifo);

my ($root, $seed, $count) = @ARGV;
srand($seed);
chdir $root or die "$root: $!";
my $serial = 0;

sub names {
  my ($folder) = @_;
  opendir(my $in, $folder) or die "$folder: $!";
  my @here = map { "$folder/$_" } grep { !/^\.(\.|orchestrator)?$/ } readdir($in);
  return map { ($_, -d $_ && !-l $_ ? names($_) : ()) } @here;
}

sub found {
  my ($is) = @_;
  my @names = sort grep {
    lstat($_);
    $is eq 'file' ? -f _ : $is eq 'folder' ? -d _ : !-d _
  } '.', names('.');
  return $names[rand @names];
}

sub remove_tree {
  my ($folder) = @_;
  for (reverse names($folder)) { -d $_ && !-l $_ ? rmdir $_ : unlink $_ }
  rmdir $folder;
}

sub fresh {
  my @odd = ("\n", "\t ", '\\#012', '\\', "\xff", '//', '-x ', "\x01", 'plain');
  my $name = 'n' . $seed . '-' . ++$serial . $odd[rand @odd];
  $name =~ s#/#%#g;
  return found('folder') . "/$name";
}

sub content {
  my ($file, $mode, $text) = @_;
  sysopen(my $out, $file, $mode, 0644) or die "$file: $!";
  syswrite($out, $text);
  close($out);
}

# Another content with the same size and times.
sub unseen {
  my $file = found('file') // return;
  my @s = stat($file);
  content($file, O_WRONLY, substr('Q' x 5 . rand, 0, $s[7] > 5 ? 5 : $s[7])) if $s[7] > 0;
  utime($s[8], $s[9], $file);
}

sub attribute {
  my ($file, $name, $value) = @_;
  syscall(188, $file, $name, $value, length($value), 0);
}

my @changes = (
  sub { content(fresh(), O_WRONLY | O_CREAT, 'new ' . rand) },
  sub { my $f = found('file'); content($f, O_WRONLY | O_APPEND, 'more') if $f },
  \&unseen,
  \&unseen,
  sub { my $f = found('other'); unlink $f if $f },
  sub { my $d = found('folder'); remove_tree($d) if $d ne '.' && rand() < 0.3 },
  sub { mkdir fresh() },
  sub { my $f = found('other'); rename $f, fresh() if $f },
  # Over another one.
  sub { my ($f, $g) = (found('file'), found('file')); rename $f, $g if $f },
  # The same names, the other way round.
  sub {
    my ($f, $g, $x) = (found('file'), found('file'), fresh());
    if ($f && $f ne $g) { rename $f, $x; rename $g, $f; rename $x, $g }
  },
  sub { my ($d, $to) = (found('folder'), fresh()); rename $d, $to if $d ne '.' },
  sub { my $f = found('file'); link $f, fresh() if $f },
  # A new file in its place, with all that is seen of the old one: as a program that saves safely.
  sub {
    my $f = found('file') // return;
    my ($x, @s) = (fresh(), stat($f));
    content($x, O_WRONLY | O_CREAT, 'Z' x ($s[7] < 9999 ? $s[7] : 3));
    chmod $s[2] & 07777, $x; chown $s[4], $s[5], $x; utime($s[8], $s[9], $x);
    rename $x, $f;
  },
  sub { symlink 'somewhere' . rand, fresh() },
  sub { my $f = found('file'); chmod((0600, 0640, 04755)[rand 3], $f) if $f },
  sub { chmod((0700, 02755)[rand 2], found('folder')) },
  sub { my $f = found('other'); chown(int(rand 3) + 7, 8, $f) if $f && !-l $f },
  sub { my $f = found('file'); attribute($f, 'user.note', 'v' . rand) if $f },
  sub { my $f = found('file'); truncate($f, int rand 20000) if $f },
  # A folder in place of a file, and the other way round.
  sub { my $f = found('file'); if ($f) { unlink $f; mkdir $f; content("$f/in", O_WRONLY | O_CREAT, 'x') } },
  sub { my $d = found('folder'); if ($d ne '.' && rand() < 0.3) { remove_tree($d); content($d, O_WRONLY | O_CREAT, 'y') } },
  sub { mkfifo(fresh(), 0600) },
);
$changes[rand @changes]->() for 1 .. $count;
