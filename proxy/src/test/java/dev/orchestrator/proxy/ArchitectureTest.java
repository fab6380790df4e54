package dev.orchestrator.proxy;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which package of this module may use which other package. */
@AnalyzeClasses(
    packages = "dev.orchestrator.proxy",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "dev.orchestrator.proxy";

  @ArchTest
  static final ArchRule eachPackageUsesThePackagesBelowItAlone =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage(ROOT + "..")
          .layer("config")
          .definedBy(ROOT + ".config")
          .layer("stats")
          .definedBy(ROOT + ".stats")
          .layer("epoll")
          .definedBy(ROOT + ".epoll")
          .layer("gate")
          .definedBy(ROOT + ".gate")
          .layer("tcp")
          .definedBy(ROOT + ".tcp")
          .layer("http")
          .definedBy(ROOT + ".http")
          .layer("udp")
          .definedBy(ROOT + ".udp")
          .layer("listen")
          .definedBy(ROOT + ".listen")
          .layer("proxy")
          .definedBy(ROOT)
          .whereLayer("config")
          .mayNotAccessAnyLayer()
          .whereLayer("stats")
          .mayOnlyAccessLayers("config")
          .whereLayer("epoll")
          .mayOnlyAccessLayers("config")
          .whereLayer("gate")
          .mayOnlyAccessLayers("config", "stats", "epoll")
          .whereLayer("tcp")
          .mayOnlyAccessLayers("config", "stats", "epoll", "gate")
          .whereLayer("http")
          .mayOnlyAccessLayers("config", "stats", "epoll", "gate", "tcp")
          .whereLayer("udp")
          .mayOnlyAccessLayers("config", "stats", "epoll", "gate")
          .whereLayer("listen")
          .mayOnlyAccessLayers("config", "stats", "epoll", "gate", "tcp", "http", "udp")
          .whereLayer("proxy")
          .mayNotBeAccessedByAnyLayer()
          .ensureAllClassesAreContainedInArchitecture();

  @ArchTest
  static final ArchRule thePackagesHaveNoCycle =
      slices().matching("dev.orchestrator.(proxy..)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nothingHereKnowsDockerOrTheOrchestrator =
      noClasses()
          .should()
          .dependOnClassesThat(
              resideInAPackage("com.github.dockerjava..")
                  .or(
                      resideInAPackage("dev.orchestrator..")
                          .and(DescribedPredicate.not(resideInAnyPackage(ROOT + "..")))))
          .as("the proxy uses neither docker-java nor another package of the orchestrator");
}
