package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaseImageTest {

  @ParameterizedTest
  @CsvSource({
    "'Docker version 26.1.5+dfsg1, build 411e817', 2.26.1-4, true",
    "'Docker version 25.0.0, build 1', v2.21.0, true",
    "'Docker version 24.0.7, build 1', 2.24.0, false",
    "'Docker version 28.5.2, build 1', 2.20.3, false",
    "'Docker version 29.0.0, build 1', 5.0.1, true",
    "'a build of somebody', unknown, true",
  })
  void theVersionsOfEngineAndComposeTellWhetherTheyKnowStartIntervals(
      String engine, String compose, boolean know) {
    assertEquals(know, BaseImage.knowStartIntervals(engine + "\n" + compose));
  }
}
