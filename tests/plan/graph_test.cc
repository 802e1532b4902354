#include "dcache/plan/graph.h"

#include <tuple>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"

namespace dcache::plan {
namespace {

using Texts = std::vector<std::string>;

struct Planned {
  explicit Planned(std::string text, Options options = {})
      : file(dockerfile::parse(std::move(text))),
        given(std::move(options)),
        graph(build_graph(file, given)) {}
  dockerfile::File file;
  Options given;
  Graph graph;
};

std::string part(const Step& step, Part::Kind kind, std::string_view name = {}) {
  if (kind == Part::Kind::kVariable) {
    return std::string(step.environment ? step.environment->get(name).value_or("(none)")
                                        : "(no environment)");
  }
  for (const Part& p : step.definition) {
    if (p.kind == kind && p.name == name) return p.value;
  }
  return "(none)";
}

Texts kinds(const Graph& graph) {
  constexpr std::string_view kNames[] = {"image", "run", "copy", "workdir"};
  Texts all;
  for (const Step& step : graph.steps)
    all.emplace_back(kNames[static_cast<size_t>(step.kind)]);
  return all;
}

TEST(Graph, MakesStepsOfInstructionsThatWriteFiles) {
  const Planned planned(
      "FROM a\nENV x=1\nLABEL l=1\nEXPOSE 80\nWORKDIR /w\nWORKDIR /\nRUN x\nCMD y\nCOPY a b\nUSER u\nADD c "
      "d\nVOLUME /v\n");
  EXPECT_EQ(kinds(planned.graph), (Texts{"image", "workdir", "run", "copy", "copy"}));
}

TEST(Graph, TakesOnlyWhatTheTargetNeeds) {
  const Planned planned(
      "FROM a AS one\nRUN 1\nFROM a AS two\nRUN 2\nFROM one AS Last\nCOPY --from=two /x /y\nFROM a AS "
      "other\nRUN "
      "3\n",
      {.target = "last"});
  std::string needed;
  for (const Stage& stage : planned.graph.stages)
    needed += stage.needed ? '1' : '0';
  EXPECT_EQ(needed, "1110");
}

TEST(Graph, TakesNumbersForATargetWithBuildahOnly) {
  const std::string text = "FROM a AS one\nRUN 1\nFROM b\nRUN 2\n";
  for (const auto& [builder, target, message] : {std::tuple(Builder::kBuildkit, "0", "unknown stage '0'"),
                                                 {Builder::kBuildkit, "1", "unknown stage '1'"},
                                                 {Builder::kClassic, "0", "unknown stage '0'"},
                                                 {Builder::kBuildkit, "2", "unknown stage '2'"},
                                                 {Builder::kBuildkit, "ONE", ""},
                                                 {Builder::kBuildah, "0", ""},
                                                 {Builder::kBuildah, "1", ""},
                                                 {Builder::kBuildah, "2", "unknown stage '2'"}}) {
    const Planned planned(text, {.builder = builder, .target = target});
    const auto& errors = planned.graph.errors;
    EXPECT_EQ(errors.empty() ? "" : errors.front().message, message) << target;
  }
}

TEST(Graph, FindsStagesByNameInAnyCaseAndByNumber) {
  const Planned planned("FROM a AS Build\nFROM b\nCOPY --from=BUILD /x /\nCOPY --from=0 /x /\n");
  for (const size_t index : planned.graph.stages[1].steps) {
    const Step& step = planned.graph.steps[index];
    if (step.kind != Step::Kind::kCopy) continue;
    EXPECT_EQ(step.reads[0].origin, Read::Origin::kStage);
    EXPECT_EQ(step.reads[0].stage, 0u);
  }
}

TEST(Graph, ExpandsImagesFromGlobalArguments) {
  const Planned planned("ARG TAG=1\nARG BASE=go:${TAG}\nFROM ${BASE}\nFROM --platform=$TARGETPLATFORM x\n",
                        {.build_args = {{"TAG", "2"}}, .platform = "linux/arm64"});
  EXPECT_EQ(planned.graph.steps[0].image, "go:2");
  EXPECT_EQ(planned.graph.stages[1].platform, "linux/arm64");
}

TEST(Graph, ExpandsNamesOfArgumentsInStagesOnly) {
  const Planned before_from("ARG A=B\nARG $A=go\nARG ${X=1\nFROM x${B}\n");
  EXPECT_TRUE(before_from.graph.errors.empty());
  EXPECT_EQ(before_from.graph.steps[0].image, "x");
  EXPECT_TRUE(Planned("FROM a\nARG ${X=1\n").graph.errors.empty());  // seen with Docker
}

TEST(Environment, KeepsCopiesApart) {
  const auto names = [](const Environment& environment) {
    std::string text;
    for (const Variable* variable : environment.variables())
      text += variable->name + "=" + variable->value + " ";
    return text;
  };
  Environment stage;
  stage.set("A", "1", 1);
  stage.set("B", "1", 1);
  const Environment first = stage;
  stage.set("A", "2", 2);
  Environment child = stage;
  Environment other = first;
  child.set("B", "3", 3);
  stage.set("C", "4", 4, true);
  other.set("D", "5", 5);
  EXPECT_EQ(names(first), "A=1 B=1 ");
  EXPECT_EQ(names(stage), "B=1 A=2 C=4 ");
  EXPECT_EQ(names(child), "A=2 B=3 ");
  EXPECT_EQ(names(other), "A=1 B=1 D=5 ");
  EXPECT_EQ(first.get("A"), "1");
  EXPECT_EQ(child.get("A"), "2");
  EXPECT_FALSE(child.get("C"));
  stage.forget_arguments();
  EXPECT_EQ(names(stage), "B=1 A=2 ");
}

TEST(Environment, DependsOnManyOthers) {
  Environment environment;
  for (uint32_t i = 0; i < 5000; ++i) {
    Environment sibling = environment;
    environment.set("V" + std::to_string(i), "x", i);
    sibling.set("OTHER", "y", i);
    environment = sibling;
  }
  environment.set("LAST", "z", 0);
  EXPECT_EQ(environment.variables().size(), 2u);
  EXPECT_EQ(environment.get("OTHER"), "y");
  EXPECT_FALSE(environment.get("V4999"));
}

TEST(Graph, GivesRunTheVariablesInScope) {
  const Planned planned(
      "ARG G=g\nFROM a\nRUN 1\nARG G\nARG D=${G}1\nARG UNSET\nENV E=$D D2=$E\nARG B=b\nRUN 2\n",
      {.build_args = {{"B", "given"}, {"NOT_DECLARED", "x"}}});
  const Step& first = planned.graph.steps[1];
  EXPECT_EQ(part(first, Part::Kind::kVariable, "G"), "(none)");
  const Step& second = planned.graph.steps[2];
  EXPECT_EQ(part(second, Part::Kind::kVariable, "G"), "g");
  EXPECT_EQ(part(second, Part::Kind::kVariable, "D"), "g1");
  EXPECT_EQ(part(second, Part::Kind::kVariable, "E"), "g1");
  EXPECT_EQ(part(second, Part::Kind::kVariable, "D2"), "");  // one ENV sees what was set before it
  EXPECT_EQ(part(second, Part::Kind::kVariable, "B"), "given");
  EXPECT_EQ(part(second, Part::Kind::kVariable, "UNSET"), "(none)");
  EXPECT_EQ(part(second, Part::Kind::kVariable, "NOT_DECLARED"), "(none)");
}

TEST(Graph, ResolvesPathsAgainstTheWorkdir) {
  const Planned planned(
      "FROM a\nWORKDIR /a\nWORKDIR b/../c\nCOPY x y/\nCOPY x /abs\nRUN --mount=target=m z\n");
  EXPECT_EQ(planned.graph.steps[2].destination, "/a/c");
  EXPECT_EQ(planned.graph.steps[3].destination, "/a/c/y");
  EXPECT_EQ(planned.graph.steps[4].destination, "/abs");
  EXPECT_NE(part(planned.graph.steps[5], Part::Kind::kMount, "bind").find("target=/a/c/m"),
            std::string::npos);
}

TEST(Graph, InheritsFromAStage) {
  const Planned planned(
      "FROM a AS base\nENV X=1\nWORKDIR /w\nUSER u\nSHELL [\"bash\",\"-c\"]\nFROM base\nRUN x\n");
  const Step& run = planned.graph.steps.back();
  EXPECT_EQ(part(run, Part::Kind::kVariable, "X"), "1");
  EXPECT_EQ(part(run, Part::Kind::kWorkdir), "/w");
  EXPECT_EQ(part(run, Part::Kind::kUser), "u");
  EXPECT_EQ(part(run, Part::Kind::kShell), "bash");
  EXPECT_EQ(run.below, 1u);
}

TEST(Graph, RunsOnbuildInTheStagesThatStartFromIt) {
  const Planned planned("FROM a AS base\nONBUILD RUN x\nFROM base\nCOPY a b\n");
  EXPECT_EQ(kinds(planned.graph), (Texts{"image", "run", "copy"}));
  EXPECT_EQ(planned.graph.steps[1].stage, 1u);
  EXPECT_EQ(planned.graph.steps[1].instruction->start_line, 2u);
}

TEST(Graph, RunsOnbuildOfABaseThatAnotherBuildMakes) {
  const auto base = std::make_shared<const dockerfile::File>(
      dockerfile::parse("FROM a\n\nONBUILD ARG V=1\nONBUILD COPY $V /x/\nONBUILD RUN y\n"));
  const auto triggers = triggers_of(build_graph(*base, {}), "base/Dockerfile", base);
  const Planned planned("# comment\nFROM org/base\nRUN z\n",
                        {.built_images = {{"org/base:latest", {"base", "", "", triggers}}}});
  EXPECT_TRUE(planned.graph.errors.empty());
  EXPECT_EQ(kinds(planned.graph), (Texts{"image", "copy", "run", "run"}));
  const Step& copy = planned.graph.steps[1];
  EXPECT_EQ(copy.one_line(), "ONBUILD COPY $V /x/");
  EXPECT_EQ(copy.instruction->start_line, 2u);
  ASSERT_TRUE(copy.trigger);
  EXPECT_EQ(copy.trigger->dockerfile, "base/Dockerfile");
  EXPECT_EQ(copy.trigger->line, 4u);
  EXPECT_EQ(copy.reads[0].selectors[0].path, "/1");
  EXPECT_FALSE(planned.graph.steps[3].trigger);
  EXPECT_EQ(part(planned.graph.steps[3], Part::Kind::kVariable, "V"), "1");
  const auto same = std::make_shared<const dockerfile::File>(dockerfile::parse(base->source().data()));
  EXPECT_EQ(*triggers, *triggers_of(build_graph(*same, {}), "base/Dockerfile", same));
}

TEST(Graph, ReadsHeredocsAsScriptsOrFiles) {
  const Planned planned(
      "FROM a\nENV N=1\nRUN <<EOF\necho\nEOF\nRUN <<EOF\n#!/bin/x\nEOF\nCOPY <<EOF <<'RAW' "
      "/d/\n$N\nEOF\n$N\nRAW\n");
  EXPECT_EQ(part(planned.graph.steps[1], Part::Kind::kArguments), "echo\n");
  EXPECT_EQ(part(planned.graph.steps[2], Part::Kind::kArguments), "/dev/pipes/EOF");
  EXPECT_EQ(part(planned.graph.steps[2], Part::Kind::kShell), "/bin/sh");  // seen in a live build
  EXPECT_EQ(part(planned.graph.steps[3], Part::Kind::kHeredoc, "EOF"), "1\n");
  EXPECT_EQ(part(planned.graph.steps[3], Part::Kind::kHeredoc, "RAW"), "$N\n");
}

TEST(Graph, UsesNamedContexts) {
  const Planned planned(
      "FROM base\nCOPY --from=data /x /\nCOPY --from=img /y /\n",
      {.named_contexts = {
           {"base", "docker-image://b:1"}, {"data", "/folder"}, {"img", "docker-image://i:2"}}});
  EXPECT_EQ(planned.graph.steps[0].image, "b:1");
  EXPECT_EQ(planned.graph.steps[1].reads[0].origin, Read::Origin::kNamedContext);
  EXPECT_EQ(planned.graph.steps[2].reads[0].name, "i:2");
}

// Tried with Docker 28.5.
TEST(Graph, NumbersImagesAfterTheStages) {
  const auto source = [](const std::string& text) {
    const Planned planned(text);
    if (!planned.graph.errors.empty()) return planned.graph.errors[0].message;
    return planned.graph.steps.back().reads[0].name;
  };
  EXPECT_EQ(source("FROM a\nCOPY --from=i /x /\nCOPY --from=1 /x /\n"), "i");
  EXPECT_EQ(source("FROM a\nRUN --mount=from=i,target=/c 1\nRUN --mount=type=cache,target=/c 1\n"
                   "COPY --from=j /x /\nCOPY --from=3 /x /\n"),
            "j");
  EXPECT_EQ(source("FROM a\nRUN --mount=from=i,target=/c 1\nFROM a\nCOPY --from=2 /x /\n"), "i");
  EXPECT_EQ(source("FROM a\nCOPY --from=i /x /\nCOPY --from=1 /x /\nCOPY --from=2 /x /\n"), "i");
  EXPECT_EQ(source("FROM a\nCOPY --from=1 /x /\nCOPY --from=i /x /\n"), "there is no stage with number 1");
  EXPECT_EQ(source("FROM a AS b\nFROM a\nCOPY --from=b /x /\nCOPY --from=2 /x /\n"),
            "there is no stage with number 2");
}

TEST(Graph, SaysWhatCanNotBePlanned) {
  for (const char* text :
       {"FROM ${NONE}\n", "FROM scratch\nWORKDIR ${x:?gone}\n", "FROM a AS s\nCOPY --from=s /x /\n",
        "FROM a AS scratch\nRUN --mount=type=cache,target=/c 1\n", "FROM a\nRUN --mount=type=foo x\n",
        "FROM a\nENV x='\n"}) {
    const Planned planned(text);
    ASSERT_EQ(planned.graph.errors.size(), 1u) << text;
    EXPECT_FALSE(planned.graph.errors[0].remedy.empty()) << text;
  }
  EXPECT_EQ(Planned("FROM a AS x\n", {.target = "y"}).graph.errors[0].remedy, "known stages: x");
}

TEST(Plan, TakesSeveralPortsFromOneVariable) {
  const auto errors_of = [](const std::string& text) {
    const dockerfile::File file = dockerfile::parse("FROM scratch\n" + text);
    std::string errors;
    for (const Error& error : build_graph(file, {}).errors)
      errors += error.message + ";";
    return errors;
  };
  EXPECT_EQ(errors_of("ENV P=\"443 80 53/udp\"\nEXPOSE $P 8080-8081\n"), "");
  EXPECT_EQ(errors_of("ENV P=\"443 x\"\nEXPOSE $P\n"), "'x' is not a port;");
  EXPECT_EQ(errors_of("ENV P=\nEXPOSE $P\n"), "");
  EXPECT_EQ(errors_of("EXPOSE 1${P:-2}3 ${P:-80}\n"), "");
  EXPECT_EQ(errors_of("EXPOSE ${P:-80}/${T:-tcp}\n"),
            "'tcp' is not a port: BuildKit drops what is before a variable with a default;");
  EXPECT_EQ(errors_of("EXPOSE 9-8\n"), "'9-8' is not a port;");
}

TEST(Plan, CopiesFilesNamedLikeAHeredocThatIsTwoWords) {
  const dockerfile::File file = dockerfile::parse("FROM a\nCOPY << EOF /x/\nt\nEOF\n");
  const Graph graph = build_graph(file, {});
  ASSERT_EQ(graph.steps.back().reads.size(), 1u);
  ASSERT_EQ(graph.steps.back().reads[0].selectors.size(), 2u);
  EXPECT_EQ(graph.steps.back().reads[0].selectors[1].path, "/EOF");
}

}  // namespace
}  // namespace dcache::plan
