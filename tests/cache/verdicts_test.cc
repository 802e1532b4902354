// What a worker that starts empty reuses of an imported cache.
#include "dcache/cache/verdicts.h"

#include <gtest/gtest.h>

#include "tests/cache/small_builds.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Snapshot;
using test::build_of;
using test::file;
using test::verdicts;
using Mode = CacheImport::Mode;

constexpr const char* kTwoStages =
    "FROM a AS build\n"
    "RUN one\n"
    "COPY a /src/\n"
    "RUN two\n"
    "FROM b\n"
    "RUN three\n"
    "COPY --from=build /out /out\n";

// The build after the file `edited` changed, and what an empty worker says of it.
struct Edited {
  Build build;
  Report report;
};
Edited edit(const std::string& dockerfile, const std::string& edited, std::vector<CacheImport> imports) {
  const auto files = [](std::string_view a, std::string_view b) {
    return std::vector<Record>{file("a", a), file("b", b)};
  };
  const Build before = build_of(dockerfile, files("1", "1"));
  Build::Parts parts{dockerfile, Snapshot(files(edited == "a" ? "2" : "1", edited == "b" ? "2" : "1"))};
  auto now = Build::make({.dockerfile = "Dockerfile", .context = ".", .cache_from = std::move(imports)},
                         std::move(parts));
  if (!now) throw std::runtime_error(now.error().front().message);
  const Build* const earlier = &before;
  Report report = now->compare_with({&earlier, 1});
  return {std::move(*now), std::move(report)};
}

std::string verdicts_after(const std::string& dockerfile, const std::string& edited,
                           std::vector<CacheImport> imports) {
  const Edited result = edit(dockerfile, edited, std::move(imports));
  return verdicts(result.build, result.report);
}

TEST(EmptyWorker, HasNothingWithoutAnImport) {
  EXPECT_EQ(verdicts_after(kTwoStages, "", {{.mode = Mode::kNone}}), "2:miss 3:miss 4:miss 6:miss 7:miss");
}

TEST(EmptyWorker, ReusesAllOfABuildThatDidNotChange) {
  for (const Mode mode : {Mode::kInline, Mode::kMin, Mode::kMax})
    EXPECT_EQ(verdicts_after(kTwoStages, "", {{.mode = mode}}), "2:hit 3:hit 4:hit 6:hit 7:hit");
}

TEST(EmptyWorker, BuildsAllOfAStageThatWasNotExported) {
  EXPECT_EQ(verdicts_after(kTwoStages, "a", {{.mode = Mode::kMax}}), "2:hit 3:miss 4:miss 6:hit 7:depends");
  EXPECT_EQ(verdicts_after(kTwoStages, "a", {{.mode = Mode::kMin}}), "2:miss 3:miss 4:miss 6:hit 7:depends");
  const Edited edited = edit(kTwoStages, "a", {{.mode = Mode::kInline}});
  EXPECT_EQ(name_of(edited.report.steps[1].cause.kind), "not-exported");
  EXPECT_EQ(name_of(edited.report.steps[2].cause.kind), "file");
}

// A stage that did not change is built again if another step needs its files.
TEST(EmptyWorker, BuildsAStageAgainForAStepThatNeedsIt) {
  const char* const text =
      "FROM a AS build\nRUN one\nFROM b\nCOPY a /\nRUN two\nCOPY --from=build /out /out\n";
  EXPECT_EQ(verdicts_after(text, "a", {{.mode = Mode::kMin}}), "2:miss 4:miss 5:miss 6:miss");
  EXPECT_EQ(verdicts_after(text, "a", {{.mode = Mode::kMax}}), "2:hit 4:miss 5:miss 6:miss");
}

// What the build stage writes is the same only if it did not run again, or gives the same again.
TEST(EmptyWorker, DependsOnAStageThatRunsAgain) {
  const char* const text =
      "FROM a AS build\nRUN one\nRUN echo 1 > /stable\nCOPY a /src\nFROM b\nCOPY --from=build /stable "
      "/stable\n"
      "COPY --from=build /src /src\n";
  const Edited edited = edit(text, "a", {{.mode = Mode::kMin}});
  EXPECT_EQ(verdicts(edited.build, edited.report), "2:miss 3:miss 4:miss 6:depends 7:miss");
  const StepReport& copy = edited.report.steps[5];
  EXPECT_EQ(name_of(copy.cause.kind), "stage");
  EXPECT_EQ(copy.cause.line, 3U);
}

// The log says CACHED of the build stage when the first COPY is loaded, but the second one needs its files.
TEST(EmptyWorker, SaysWhatRunsThoughItIsShownAsCached) {
  const char* const text =
      "FROM a AS build\nRUN one\nFROM b\nCOPY --from=build /x /x\nCOPY a /\nCOPY --from=build /y /y\n";
  const Edited edited = edit(text, "a", {{.mode = Mode::kMin}});
  EXPECT_EQ(verdicts(edited.build, edited.report), "2:hit 4:hit 5:miss 6:miss");
  EXPECT_TRUE(edited.report.steps[1].runs_after_all);
  EXPECT_FALSE(edited.report.steps[3].runs_after_all);
}

TEST(EmptyWorker, FindsStepsOfTheImportThatAnswersLast) {
  const char* const text = "FROM a AS base\nCOPY a /\nRUN one\nFROM base\nRUN two\n";
  const CacheImport base{.mode = Mode::kInline, .stage = "base"}, final{.mode = Mode::kInline};
  EXPECT_EQ(verdicts_after(text, "", {base, final}), "2:hit 3:hit 5:hit");
  const Edited reversed = edit(text, "", {final, base});
  EXPECT_EQ(verdicts(reversed.build, reversed.report), "2:hit 3:hit 5:depends");
  EXPECT_EQ(name_of(reversed.report.steps.back().cause.kind), "imports");
  const Edited four = edit(text, "", {final, base, base, base});
  EXPECT_EQ(verdicts(four.build, four.report), "2:hit 3:hit 5:hit");
  EXPECT_TRUE(four.report.steps.back().is_not_reliable);
  // Of so many any may answer, and only the last one has the step.
  const Edited last = edit(text, "", {base, base, base, final});
  EXPECT_EQ(verdicts(last.build, last.report), "2:hit 3:hit 5:depends");
  EXPECT_EQ(name_of(last.report.steps.back().cause.kind), "imports");
  // The first and the last one have it all.
  const Edited between = edit(text, "", {final, base, final});
  EXPECT_EQ(verdicts(between.build, between.report), "2:hit 3:hit 5:hit");
  EXPECT_TRUE(between.report.steps.back().is_not_reliable);
  EXPECT_FALSE(edit(text, "", {final, final}).report.steps.back().is_not_reliable);
}

// It has no copy of the context in which these would go unnoticed.
TEST(EmptyWorker, NoticesModesOfFoldersAndFilesOfTheSameTime) {
  const auto folder = [](uint32_t mode) {
    Record record;
    record.path = "d";
    record.type = context::Type::kFolder;
    record.mode = mode;
    return record;
  };
  const auto dated = [](std::string_view content) {
    Record record = file("a", content);
    record.stamp.size = record.size;
    record.stamp.modified = 1;
    return record;
  };
  const auto verdicts_of = [](const char* dockerfile, std::vector<Record> before, std::vector<Record> after,
                              std::vector<CacheImport> imports) {
    const Build old = build_of(dockerfile, std::move(before));
    auto now = Build::make({.dockerfile = "Dockerfile", .context = ".", .cache_from = std::move(imports)},
                           {dockerfile, Snapshot(std::move(after))});
    const Build* const earlier = &old;
    return verdicts(*now, now->compare_with({&earlier, 1}));
  };
  const std::vector<Record> was = {folder(0755), file("d/f", "1")}, is = {folder(0700), file("d/f", "1")};
  EXPECT_EQ(verdicts_of("FROM x\nCOPY d /d\n", was, is, {}), "2:depends");
  EXPECT_EQ(verdicts_of("FROM x\nCOPY d /d\n", was, is, {{.mode = Mode::kMax}}), "2:miss");
  EXPECT_EQ(verdicts_of("FROM x\nCOPY d /d\n", was, was, {{.mode = Mode::kMax}}), "2:hit");
  EXPECT_EQ(verdicts_of("FROM x\nCOPY a /\n", {dated("1")}, {dated("2")}, {}), "2:depends");
  EXPECT_EQ(verdicts_of("FROM x\nCOPY a /\n", {dated("1")}, {dated("2")}, {{.mode = Mode::kMax}}), "2:miss");
}

TEST(EmptyWorker, IgnoresAnExportOfAStageThatDoesNotExist) {
  EXPECT_EQ(verdicts_after(kTwoStages, "", {{.mode = Mode::kMax, .stage = "nothing"}}),
            "2:miss 3:miss 4:miss 6:miss 7:miss");
}

}  // namespace
}  // namespace dcache::cache
