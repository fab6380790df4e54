package dev.orchestrator;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.orchestrator.upgrade.Step;

/**
 * Which package may use which other one. Each rule is an arrow that must never be drawn; a class
 * that needs one belongs somewhere else.
 */
@AnalyzeClasses(packages = "dev.orchestrator", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  /** The composition root: Main and Service, and what they wire together. */
  private static final String ROOT = "dev.orchestrator";

  /** What the saga is built on. */
  private static final String[] FOUNDATIONS = {
    ROOT + ".common",
    ROOT + ".settings",
    ROOT + ".engine",
    ROOT + ".data",
    ROOT + ".backup",
    ROOT + ".health",
    ROOT + ".journal",
    ROOT + ".home",
    ROOT + ".release",
    ROOT + ".files",
    ROOT + ".archive",
    ROOT + ".registry",
    ROOT + ".compose",
    ROOT + ".capsule.."
  };

  /** What is built on the saga. */
  private static final String[] ABOVE_THE_SAGA = {
    ROOT + ".stack",
    ROOT + ".report",
    ROOT + ".schedule",
    ROOT + ".drill",
    ROOT + ".export",
    ROOT + ".client",
    ROOT + ".api",
    ROOT + ".cli"
  };

  @ArchTest
  static final ArchRule packagesHaveNoCycle =
      slices().matching(ROOT + ".(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTheEngineKnowsDockerJava =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + ".engine")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.github.dockerjava..");

  @ArchTest
  static final ArchRule vertxStaysWhereItIsNeeded =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOT, ROOT + ".proxy..", ROOT + ".traffic", ROOT + ".api", ROOT + ".health")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx..", "io.netty..");

  @ArchTest
  static final ArchRule theSagaKnowsNothingAboveIt =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".upgrade..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ABOVE_THE_SAGA);

  @ArchTest
  static final ArchRule foundationsDoNotKnowTheSaga =
      noClasses()
          .that()
          .resideInAnyPackage(FOUNDATIONS)
          .should()
          .dependOnClassesThat(
              resideInAPackage(ROOT + ".upgrade..")
                  .or(resideInAPackage(ROOT + ".stack"))
                  .or(resideInAPackage(ROOT + ".report"))
                  .or(resideInAPackage(ROOT + ".client"))
                  .or(resideInAPackage(ROOT + ".api"))
                  .or(resideInAPackage(ROOT + ".cli")));

  @ArchTest
  static final ArchRule commonKnowsNoOtherPackage =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".common")
          .should()
          .dependOnClassesThat(
              resideInAPackage(ROOT + "..").and(not(resideInAPackage(ROOT + ".common"))));

  @ArchTest
  static final ArchRule thePacketFilterKnowsCommonAlone =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".netfilter")
          .should()
          .dependOnClassesThat(
              resideInAPackage(ROOT + "..")
                  .and(not(resideInAPackage(ROOT + ".netfilter")))
                  .and(not(resideInAPackage(ROOT + ".common"))));

  @ArchTest
  static final ArchRule nothingButTheRootKnowsTheRoot =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROOT);

  @ArchTest
  static final ArchRule clientsAndDrillsKnowNoCommandLine =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + ".client", ROOT + ".drill", ROOT + ".home")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROOT + ".cli");

  @ArchTest
  static final ArchRule aStepIsAFileOfItsOwn =
      classes()
          .that()
          .areAssignableTo(Step.class)
          .and()
          .doNotBelongToAnyOf(Step.class)
          .should()
          .resideInAPackage(ROOT + ".upgrade.steps")
          .andShould()
          .beTopLevelClasses()
          .andShould()
          .haveSimpleNameEndingWith("Step");
}
