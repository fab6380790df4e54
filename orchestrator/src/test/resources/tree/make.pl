# make.pl FOLDER: a tree with everything that a copy may get wrong. Names are fixed, contents too.
use strict;
use warnings;
use POSIX qw(mkfifo);

my $root = shift;
chdir $root or die "$root: $!";

sub file {
  my ($name, $content, $mode) = @_;
  open(my $out, '>', $name) or die "$name: $!";
  print $out $content;
  close($out);
  chmod($mode // 0644, $name);
}

# setxattr(2), as no program for it is in a minimal system.
sub attribute {
  my ($name, $attribute, $value) = @_;
  syscall(188, $name, $attribute, $value, length($value), 0) == 0 or die "$attribute of $name: $!";
}

mkdir $_ for qw(empty sub sub/deep);
chmod 02750, 'sub';
chown 1000, 2000, 'sub/deep';
file('plain', "text\n");
file('secret', "key\n", 0600);
file('set-user-id', "#!/bin/sh\n", 04755);
file("new\nline", "a name with a line end\n");
file("tab\tand space ", "x");
file("not utf-8 \xff\xfe", "y");
file('-rf', "a name like an option\n");
file('owned', "somebody's\n");
chown 4242, 4343, 'owned';
link 'plain', 'sub/hard-link';
link 'plain', 'sub/deep/hard-link';
symlink 'plain', 'link';
symlink '/nowhere/at all', 'dangling';
mkfifo('fifo', 0640);
# 64 MB of nothing with a little at its end.
open(my $sparse, '>', 'sparse') or die;
seek($sparse, 64 * 1024 * 1024, 0);
print $sparse 'end';
close($sparse);
file('attributes', "z");
attribute('attributes', 'user.note', "a value with \0 in it");
file('capable', "#!/bin/sh\n", 0755);
# cap_net_bind_service=ep, as the kernel keeps it.
attribute('capable', 'security.capability', pack('V5', 0x02000001, 1 << 10, 0, 0, 0));
file('acl', "for user 1234 too\n", 0640);
# Version 2; owner rw-, user 1234 r--, group r--, mask r--, others ---.
attribute('acl', 'system.posix_acl_access', pack('V', 2)
  . join('', map { pack('vvV', @$_) } [1, 6, 0xffffffff], [2, 4, 1234], [4, 4, 0xffffffff],
    [16, 4, 0xffffffff], [32, 0, 0xffffffff]));
file('data.db', 'page' x 2048);
utime(1_000_000_000, 1_000_000_000, 'plain');
