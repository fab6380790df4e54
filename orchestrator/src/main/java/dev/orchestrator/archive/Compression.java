package dev.orchestrator.archive;

import java.util.HexFormat;

/** Kinds of compressed streams, by their first bytes. */
enum Compression {
  NONE("", ""),
  GZIP("gzip", "1f8b"),
  ZSTD("zstd", "28b52ffd"),
  XZ("xz", "fd377a585a00"),
  BZIP2("bzip2", "425a68");

  private final String program;
  private final String magic;

  Compression(String program, String magic) {
    this.program = program;
    this.magic = magic;
  }

  /** The program that packs and unpacks it. */
  String program() {
    return program;
  }

  /** What OCI puts behind the type of a layer. */
  String suffix() {
    return this == GZIP || this == ZSTD ? "+" + program : "";
  }

  static Compression of(byte[] begin) {
    String hex = HexFormat.of().formatHex(begin, 0, Math.min(begin.length, Long.BYTES));
    for (Compression each : values()) {
      if (each != NONE && hex.startsWith(each.magic)) {
        return each;
      }
    }
    return NONE;
  }
}
