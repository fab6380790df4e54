package dev.orchestrator.archive;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * A stream that is encrypted by a passphrase: AES-256-GCM in chunks, under a key that Argon2id
 * makes of the passphrase.
 *
 * <pre>
 * head       one line of JSON: how the key is made, the salt
 * proof      16 bytes: the tag of nothing, which tells a wrong passphrase from altered content
 * chunk...   65,536 bytes, the last one fewer, each with its tag of 16 bytes
 * </pre>
 *
 * <p>A chunk's nonce has its number, and whether it is the last: so chunks that are missing,
 * doubled or in another order are noticed. The head goes with each of them. The salt is new for
 * each stream, and with it the key, so that no nonce comes twice under a key.
 */
public final class SecretBox {
  /** A passphrase has at least so many characters. */
  public static final int SHORTEST_PASSPHRASE = 8;

  /** Plain bytes of a chunk. */
  static final int CHUNK = 1 << 16;

  static final int TAG = 16;

  private static final int KEY = 32;
  private static final int SALT = 16;
  private static final int NONCE = 12;
  private static final int COUNTER_AT = 7;
  private static final int PROOF = -1;
  private static final int LONGEST_HEAD = 4096;

  /** The second of the parameters that RFC 9106 recommends: 64 MiB of memory. */
  private static final Head STRENGTH = new Head(1, "AES-256-GCM", "argon2id", 65_536, 3, 4, "");

  /** What a head may ask for, as it comes from a file that anybody may have made. */
  private static final int MOST_MEMORY = 4 * 65_536;

  private static final int MOST_PASSES = 16;
  private static final int MOST_LANES = 16;

  private SecretBox() {}

  /**
   * How the key is made.
   *
   * @param memory in KiB
   */
  private record Head(
      int format, String cipher, String kdf, int memory, int passes, int lanes, String salt) {

    Head {
      Objects.requireNonNull(cipher, "cipher");
      Objects.requireNonNull(kdf, "kdf");
      Objects.requireNonNull(salt, "salt");
    }

    boolean readable() {
      return format == STRENGTH.format
          && STRENGTH.cipher.equals(cipher)
          && STRENGTH.kdf.equals(kdf)
          && memory >= 8 * lanes
          && memory <= MOST_MEMORY
          && passes >= 1
          && passes <= MOST_PASSES
          && lanes >= 1
          && lanes <= MOST_LANES
          && salt.matches("[0-9a-f]{%d}".formatted(2 * SALT));
    }

    Head with(int otherMemory, String otherSalt) {
      return new Head(format, cipher, kdf, otherMemory, passes, lanes, otherSalt);
    }
  }

  /** Refuses a passphrase that is too short to be one. */
  public static void requirePassphrase(char[] passphrase) {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw new RefusedException(
          "the passphrase is too short: it must have %d characters or more"
              .formatted(SHORTEST_PASSPHRASE));
    }
  }

  /** Encrypts what is written to it; it must be closed, which closes {@code out}. */
  static OutputStream encrypting(OutputStream out, char[] passphrase) throws IOException {
    return encrypting(out, passphrase, STRENGTH.memory());
  }

  private static OutputStream encrypting(OutputStream out, char[] passphrase, int memory)
      throws IOException {
    requirePassphrase(passphrase);
    byte[] salt = new byte[SALT];
    new SecureRandom().nextBytes(salt);
    Head head = STRENGTH.with(memory, HexFormat.of().formatHex(salt));
    byte[] line = (Json.write(head) + "\n").getBytes(StandardCharsets.UTF_8);
    Chunks chunks = new Chunks(head, line, passphrase);
    out.write(line);
    out.write(chunks.proof());
    return new Encrypting(out, chunks);
  }

  /**
   * Decrypts a stream; refuses another passphrase than the one with which it was encrypted. Reading
   * refuses what was altered, cut off, or put into another order.
   */
  static InputStream decrypting(InputStream in, char[] passphrase) throws IOException {
    PushbackInputStream buffered = new PushbackInputStream(new BufferedInputStream(in));
    byte[] line = line(buffered);
    Head head = head(line);
    if (!head.readable()) {
      throw new RefusedException(
          "the secrets are encrypted in a way that this orchestrator doesn't know: use a newer"
              + " one");
    }
    Chunks chunks = new Chunks(head, line, passphrase);
    byte[] proof = buffered.readNBytes(TAG);
    if (proof.length < TAG) {
      throw altered("they end in their head");
    }
    if (!Arrays.equals(proof, chunks.proof())) {
      throw new RefusedException(
          "the passphrase is not the one with which the secrets were encrypted");
    }
    return new Decrypting(buffered, chunks);
  }

  static byte[] encrypt(byte[] plain, char[] passphrase) throws IOException {
    return encrypt(plain, passphrase, STRENGTH.memory());
  }

  /** With another use of memory, in KiB. */
  static byte[] encrypt(byte[] plain, char[] passphrase, int memory) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = encrypting(bytes, passphrase, memory)) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }

  static byte[] decrypt(byte[] encrypted, char[] passphrase) throws IOException {
    try (InputStream in = decrypting(new ByteArrayInputStream(encrypted), passphrase)) {
      return in.readAllBytes();
    }
  }

  private static byte[] line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0 && line.size() < LONGEST_HEAD; next = in.read()) {
      line.write(next);
      if (next == '\n') {
        return line.toByteArray();
      }
    }
    throw altered("they have no head");
  }

  private static Head head(byte[] line) {
    try {
      return Json.read(new String(line, StandardCharsets.UTF_8), Head.class);
    } catch (IllegalArgumentException _) {
      throw altered("their head can't be read");
    }
  }

  private static RefusedException altered(String how) {
    return new RefusedException("the encrypted secrets are damaged or were altered: " + how);
  }

  /** The cipher of one stream: its key, and how a chunk's number becomes a nonce. */
  private static final class Chunks {
    private final SecretKeySpec key;
    private final byte[] head;

    Chunks(Head head, byte[] line, char[] passphrase) {
      this.head = line;
      byte[] derived = new byte[KEY];
      Argon2BytesGenerator generator = new Argon2BytesGenerator();
      generator.init(
          new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
              .withVersion(Argon2Parameters.ARGON2_VERSION_13)
              .withMemoryAsKB(head.memory())
              .withIterations(head.passes())
              .withParallelism(head.lanes())
              .withSalt(HexFormat.of().parseHex(head.salt()))
              .build());
      ByteBuffer text = StandardCharsets.UTF_8.encode(CharBuffer.wrap(passphrase));
      byte[] bytes = new byte[text.remaining()];
      text.get(bytes);
      generator.generateBytes(bytes, derived);
      key = new SecretKeySpec(derived, "AES");
      Arrays.fill(bytes, (byte) 0);
      text.clear();
      text.put(new byte[text.remaining()]);
      Arrays.fill(derived, (byte) 0);
    }

    byte[] proof() {
      return seal(PROOF, true, new byte[0], 0);
    }

    byte[] seal(int number, boolean last, byte[] plain, int length) {
      try {
        return cipher(Cipher.ENCRYPT_MODE, number, last).doFinal(plain, 0, length);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every Java has AES-256-GCM", e);
      }
    }

    byte[] open(int number, boolean last, byte[] chunk) throws AEADBadTagException {
      try {
        return cipher(Cipher.DECRYPT_MODE, number, last).doFinal(chunk);
      } catch (AEADBadTagException e) {
        throw e;
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every Java has AES-256-GCM", e);
      }
    }

    private Cipher cipher(int mode, int number, boolean last) throws GeneralSecurityException {
      byte[] nonce = new byte[NONCE];
      ByteBuffer.wrap(nonce).putInt(COUNTER_AT, number);
      nonce[NONCE - 1] = (byte) (last ? 1 : 0);
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG * Byte.SIZE, nonce));
      cipher.updateAAD(head);
      return cipher;
    }
  }

  private static final class Encrypting extends FilterOutputStream {
    private final Chunks chunks;
    private final byte[] plain = new byte[CHUNK];
    private int filled;
    private int number;
    private boolean closed;

    Encrypting(OutputStream out, Chunks chunks) {
      super(out);
      this.chunks = chunks;
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      int at = from;
      int left = length;
      while (left > 0) {
        // A full chunk is written when more comes: the last one must be known as such.
        if (filled == CHUNK) {
          flushChunk(false);
        }
        int taken = Math.min(left, CHUNK - filled);
        System.arraycopy(bytes, at, plain, filled, taken);
        filled += taken;
        at += taken;
        left -= taken;
      }
    }

    private void flushChunk(boolean last) throws IOException {
      out.write(chunks.seal(number, last, plain, filled));
      number = Math.incrementExact(number);
      filled = 0;
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        flushChunk(true);
        Arrays.fill(plain, (byte) 0);
        super.close();
      }
    }
  }

  private static final class Decrypting extends BlockInputStream {
    private final PushbackInputStream in;
    private final Chunks chunks;
    private byte[] plain = new byte[0];
    private int at;
    private int number;
    private boolean ended;

    Decrypting(PushbackInputStream in, Chunks chunks) {
      this.in = in;
      this.chunks = chunks;
    }

    @Override
    protected int readBlock(byte[] bytes, int from, int length) throws IOException {
      while (at == plain.length) {
        if (ended) {
          return -1;
        }
        next();
      }
      int taken = Math.min(length, plain.length - at);
      System.arraycopy(plain, at, bytes, from, taken);
      at += taken;
      return taken;
    }

    private void next() throws IOException {
      byte[] chunk = in.readNBytes(CHUNK + TAG);
      int following = in.read();
      boolean last = following < 0;
      if (!last) {
        in.unread(following);
      }
      if (chunk.length < TAG) {
        throw altered("they are cut off");
      }
      try {
        plain = chunks.open(number, last, chunk);
      } catch (AEADBadTagException _) {
        throw altered(
            "part %d is not what was written%s"
                .formatted(number + 1, last ? ", or what came after it is cut off" : ""));
      }
      at = 0;
      number = Math.incrementExact(number);
      ended = last;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
