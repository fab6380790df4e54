package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretBoxTest {
  private static final char[] PASSPHRASE = "Grün ist die Hoffnung".toCharArray();
  private static final int CHUNK = SecretBox.CHUNK + SecretBox.TAG;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 131_072, 200_000})
  void whatWasEncryptedComesBack(int length) throws IOException {
    byte[] plain = plain(length);
    byte[] encrypted = encrypt(plain, PASSPHRASE);
    assertArrayEquals(plain, SecretBox.decrypt(encrypted, PASSPHRASE));
  }

  @Test
  void nothingOfItCanBeReadAndNoTwoAreAlike() throws IOException {
    byte[] plain = "password=hunter2 ".repeat(100).getBytes(StandardCharsets.UTF_8);
    byte[] encrypted = encrypt(plain, PASSPHRASE);
    assertFalse(new String(encrypted, StandardCharsets.ISO_8859_1).contains("hunter2"));
    assertFalse(Arrays.equals(encrypted, encrypt(plain, PASSPHRASE)));
  }

  @Test
  void anotherPassphraseIsRefusedAsThat() throws IOException {
    byte[] encrypted = encrypt(plain(100), PASSPHRASE);
    assertEquals(
        "the passphrase is not the one with which the secrets were encrypted",
        refusal(encrypted, "Gruen ist die Hoffnung"));
  }

  @Test
  void aShortPassphraseIsRefused() {
    assertEquals(
        "the passphrase is too short: it must have 8 characters or more",
        assertThrows(RefusedException.class, () -> encrypt(plain(1), "1234567".toCharArray()))
            .getMessage());
  }

  @Test
  void whatIsCutOffIsRefusedWhereverThatIs() throws IOException {
    byte[] encrypted = encrypt(plain(150_000), PASSPHRASE);
    int body = body(encrypted);
    for (int length :
        new int[] {
          0,
          10,
          body - 17,
          body - 1,
          body,
          body + 15,
          body + 16,
          body + CHUNK,
          body + CHUNK + 5,
          body + 2 * CHUNK,
          encrypted.length - 1
        }) {
      assertDamaged(Arrays.copyOf(encrypted, length), "at " + length);
    }
  }

  @Test
  void whatIsAlteredIsRefused() throws IOException {
    byte[] encrypted = encrypt(plain(70_000), PASSPHRASE);
    int body = body(encrypted);
    for (int at : new int[] {body, body + 1000, body + CHUNK, encrypted.length - 1}) {
      byte[] altered = encrypted.clone();
      altered[at] = (byte) (altered[at] ^ 1);
      assertDamaged(altered, "at " + at);
    }
    assertDamaged(Arrays.copyOf(encrypted, encrypted.length + 1), "longer");
  }

  @Test
  void chunksInAnotherOrderAreRefused() throws IOException {
    byte[] encrypted = encrypt(plain(3 * SecretBox.CHUNK), PASSPHRASE);
    int body = body(encrypted);
    byte[] swapped = encrypted.clone();
    System.arraycopy(encrypted, body, swapped, body + CHUNK, CHUNK);
    System.arraycopy(encrypted, body + CHUNK, swapped, body, CHUNK);
    assertDamaged(swapped, "swapped");

    byte[] doubled = encrypted.clone();
    System.arraycopy(encrypted, body, doubled, body + CHUNK, CHUNK);
    assertDamaged(doubled, "doubled");

    byte[] without = new byte[encrypted.length - CHUNK];
    System.arraycopy(encrypted, 0, without, 0, body + CHUNK);
    System.arraycopy(
        encrypted, body + 2 * CHUNK, without, body + CHUNK, without.length - body - CHUNK);
    assertDamaged(without, "without the second");
  }

  /**
   * A head may come from anybody: it must not make us take all memory, or a weak key for a good
   * one.
   */
  @Test
  void aHeadThatAsksForTooMuchIsRefused() throws IOException {
    String encrypted =
        new String(SecretBox.encrypt(plain(9), PASSPHRASE), StandardCharsets.ISO_8859_1);
    for (String other : new String[] {"\"memory\":65536000", "\"memory\":1"}) {
      byte[] altered =
          encrypted.replace("\"memory\":65536", other).getBytes(StandardCharsets.ISO_8859_1);
      assertEquals(
          "the secrets are encrypted in a way that this orchestrator doesn't know: use a newer one",
          refusal(altered, new String(PASSPHRASE)));
    }
    byte[] weaker =
        encrypted.replace("\"passes\":3", "\"passes\":1").getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(
        "the passphrase is not the one with which the secrets were encrypted",
        refusal(weaker, new String(PASSPHRASE)));
  }

  @Test
  void aBundleComesBackAndIsNeverPrinted() throws IOException {
    SecretBundle bundle =
        new SecretBundle(
            Map.of("DB_PASSWORD", "hunter2"),
            Map.of("secrets/key", SecretBundle.SecretFile.of(0400, 33, 44, new byte[] {1, 0, 2})));
    byte[] encrypted = encrypt(bundle.toJson(), PASSPHRASE);
    SecretBundle read = SecretBundle.read(SecretBox.decrypt(encrypted, PASSPHRASE));
    assertEquals(Map.of("DB_PASSWORD", "hunter2"), read.variables());
    SecretBundle.SecretFile file = read.files().values().iterator().next();
    assertArrayEquals(new byte[] {1, 0, 2}, file.content());
    assertEquals(33, file.uid());
    assertEquals("secrets [DB_PASSWORD] [secrets/key]", read.toString());
    assertEquals("{secrets/key=a secret file of 3 bytes}", read.files().toString());
  }

  /** With little memory, as the tests do it often. */
  private static byte[] encrypt(byte[] plain, char[] passphrase) throws IOException {
    return SecretBox.encrypt(plain, passphrase, 64);
  }

  private static byte[] plain(int length) {
    byte[] plain = new byte[length];
    new Random(1).nextBytes(plain);
    return plain;
  }

  /** Where the first chunk begins. */
  private static int body(byte[] encrypted) {
    int end = 0;
    while (encrypted[end] != '\n') {
      end++;
    }
    return end + 1 + SecretBox.TAG;
  }

  private static void assertDamaged(byte[] encrypted, String how) {
    String message = refusal(encrypted, new String(PASSPHRASE));
    assertTrue(
        message.startsWith("the encrypted secrets are damaged or were altered: "),
        how + ": " + message);
    assertEquals(1, message.lines().count());
  }

  private static String refusal(byte[] encrypted, String passphrase) {
    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> SecretBox.decrypt(encrypted, passphrase.toCharArray()));
    return String.valueOf(refused.getMessage());
  }
}
