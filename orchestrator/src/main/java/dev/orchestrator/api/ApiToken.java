package dev.orchestrator.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The bearer token of the API: 256 random bits, made at the first start, kept in the home folder.
 */
final class ApiToken {
  private static final Pattern SHAPE = Pattern.compile("[0-9a-f]{64}");

  private final byte[] expected;

  private ApiToken(String value) {
    this.expected = ("Bearer " + value).getBytes(UTF_8);
  }

  static ApiToken loadOrCreate(HomeFiles files) throws IOException {
    Optional<String> saved = HomeFiles.read(files.token());
    if (saved.isEmpty()) {
      byte[] random = new byte[32];
      new SecureRandom().nextBytes(random);
      String value = HexFormat.of().formatHex(random);
      files.write(files.token(), value + "\n");
      return new ApiToken(value);
    }
    if (!SHAPE.matcher(saved.get()).matches()) {
      throw new RefusedException(
          "the token in %s is damaged: remove the file, a new one is made at the next start"
              .formatted(files.token()));
    }
    return new ApiToken(saved.get());
  }

  /** Compares in constant time, so that the time does not tell how much of a guess is right. */
  boolean accepts(@Nullable String authorization) {
    return authorization != null && MessageDigest.isEqual(expected, authorization.getBytes(UTF_8));
  }
}
