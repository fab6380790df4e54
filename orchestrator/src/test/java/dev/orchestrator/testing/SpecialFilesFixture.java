package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

/**
 * Files of all kinds in the data of a light stack's ledger: what a copy loses that does not look
 * closely.
 */
public final class SpecialFilesFixture {
  private static final String FOLDER = "/look/volumes/ledger/special";
  private final VolumeInspector look;

  public SpecialFilesFixture(VolumeInspector look) {
    this.look = look;
  }

  /** Makes them in a volume. */
  public void write(String volume) {
    String _ =
        look.runWriting(
            volume,
            """
            mkdir %s; cd %<s
            echo one > linked; ln linked other; chown 1234:5678 linked; chmod 4750 linked
            truncate -s 50M holes; printf end | dd of=holes bs=1 seek=52428800 conv=notrunc status=none
            ln -s nowhere link; chown -h 77:88 link; mkfifo pipe; touch ".wh.name"
            mkdir -p "a folder"; echo x > "a folder/a file"; chmod 1777 "a folder"
            perl -e '
              sub attribute { my ($file, $name, $value) = @_;
                syscall(188, $file, $name, $value, length($value), 0) == 0 or die "$name: $!" }
              attribute("linked", "user.note", "kept");
              attribute("a folder", "user.folder", "kept, too");
              # As setcap cap_net_bind_service+ep writes it.
              open(my $program, ">", "program"); close($program); chmod 0755, "program";
              attribute("program", "security.capability", pack("V5", 0x02000001, 1 << 10, 0, 0, 0));
              # As setfacl --modify user:1001:r writes it.
              attribute("holes", "system.posix_acl_access", pack("V", 2) . join("",
                map { pack("vvV", @$_) } [1, 6, -1], [2, 4, 1001], [4, 4, -1], [16, 4, -1], [32, 0, -1]))'
            touch -d '2001-02-03 04:05:06.123456789' linked
            """
                .formatted(FOLDER));
    List<String> made = list(volume);
    for (String attribute :
        List.of("user.note=", "user.folder=", "security.capability=", "posix_acl_access=")) {
      assertTrue(made.stream().anyMatch(line -> line.contains(attribute)), made.toString());
    }
    assertArrived(volume);
  }

  /** What there is in a volume's data but for what is ours, and folders that services write to. */
  public List<String> list(String volume) {
    return look.listEntries(volume).stream()
        .filter(line ->
            !line.matches("(/volumes(/(ledger|shop))?|/extra|) folder .*|.*rows.db-(shm|wal) .*"))
        .toList();
  }

  /** Requires what a list does not tell: holes, and times to the nanosecond. */
  public void assertArrived(String volume) {
    assertEquals(
        "holes 981173106.123456789",
        look.runReading(
                volume,
                "cd %s; test $(stat -c %%b holes) -lt 1000; echo holes $(stat -c %%.9Y linked)"
                    .formatted(FOLDER))
            .strip());
  }

  /** Requires all of a list to be in another, and nothing else. */
  public static void assertSame(List<String> before, List<String> after) {
    List<String> lost = new ArrayList<>(before);
    lost.removeAll(after);
    List<String> more = new ArrayList<>(after);
    more.removeAll(before);
    assertEquals(List.of(), lost, () -> "and there is more: " + more);
    assertEquals(List.of(), more);
    assertTrue(before.size() > 10, before.toString());
  }
}
