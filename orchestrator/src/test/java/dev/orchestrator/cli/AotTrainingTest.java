package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The build's training run knows what the API answers today: else there is no class cache. */
class AotTrainingTest {
  @Test
  void everyCommandOfTheTrainingRunEndsWell(@TempDir Path folder) {
    assertDoesNotThrow(() -> AotTraining.main(new String[] {folder.toString()}));
  }
}
