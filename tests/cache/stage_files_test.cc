// What COPY --from and mounts see of another stage.
#include "dcache/cache/stage_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/cache/small_builds.h"

namespace dcache::cache {
namespace {

using context::Record;
using test::compare_texts;
using test::edit_file;
using test::file;

const std::vector<Record> kFiles = {file("src/a", "1"), file("src/src/a", "2"), file("b", "3")};

// The last line's verdict after an edit of `path`, for what the stage copies and what is taken from it.
std::string taken(const std::string& copy, const std::string& take, const std::string& path = "src/a") {
  const std::string all = edit_file("FROM x AS s\n" + copy + "\nFROM x\n" + take + "\n", path, kFiles);
  return all.substr(all.rfind(':') + 1);
}

TEST(StageFiles, AreBelowTheDestinationWhateverItIsCalled) {
  for (const char* copy :
       {"COPY src /app", "COPY src /app/", "COPY src/ /app", "COPY --link src /app", "COPY sr* /app",
        "COPY --exclude=x src /app", "WORKDIR /\nCOPY src app", "WORKDIR /app\nCOPY src ."}) {
    EXPECT_EQ(taken(copy, "COPY --from=s /app /app"), "miss") << copy;
    EXPECT_EQ(taken(copy, "COPY --from=s /app/a /app"), "miss") << copy;
    EXPECT_EQ(taken(copy, "COPY --from=s / /all"), "miss") << copy;
    EXPECT_EQ(taken(copy, "COPY --from=s /app/src /app"), "hit") << copy;
    EXPECT_EQ(taken(copy, "COPY --from=s /app/src /app", "src/src/a"), "miss") << copy;
    EXPECT_EQ(taken(copy, "RUN --mount=from=s,source=/app,target=/m 1"), "miss") << copy;
    EXPECT_EQ(taken(copy, "COPY --from=s /other /app"), "hit") << copy;
  }
  EXPECT_EQ(taken("COPY . /app", "COPY --from=s /app/src /app"), "miss");
  EXPECT_EQ(taken("COPY . /app", "COPY --from=s /app/b /app"), "hit");
  EXPECT_EQ(taken("WORKDIR /w\nCOPY src src", "COPY --from=s /w/src/a /1"), "miss");
  EXPECT_EQ(taken("COPY src /1", "COPY --from=s /1/a /1"), "miss");
}

TEST(StageFiles, KeepASingleFilesNameOnlyInAFolder) {
  const std::string take = "COPY --from=s /d/b /x";
  EXPECT_EQ(taken("COPY b /d/", take, "b"), "miss");
  EXPECT_EQ(taken("WORKDIR /d\nCOPY b /d", take, "b"), "miss");
  EXPECT_EQ(taken("WORKDIR /d/e\nCOPY b /d", take, "b"), "miss");
  EXPECT_EQ(taken("COPY src /d\nCOPY b /d", take, "b"), "miss");
  EXPECT_EQ(taken("COPY src /d/\nRUN make\nCOPY b /d", take, "b"), "miss");
  EXPECT_EQ(taken("COPY b /d", "COPY --from=s /d /x", "b"), "miss");
  // The base image may have the folder, and a RUN may have made it.
  EXPECT_EQ(taken("COPY b /d", take, "b"), "depends");
  EXPECT_EQ(taken("RUN mkdir /d\nCOPY b /d", take, "b"), "depends");
  EXPECT_EQ(edit_file("FROM scratch AS s\nCOPY b /d\nFROM x\nCOPY --from=s /d /x\n", "b", kFiles),
            "2:miss 4:miss");
  // Nothing is there but what steps make, and a RUN may have made the folder.
  EXPECT_EQ(
      edit_file("FROM scratch AS s\nCOPY src /\nRUN make\nCOPY b /d\nFROM x\n" + take + "\n", "b", kFiles),
      "2:hit 3:hit 4:miss 6:depends");
}

TEST(StageFiles, AreKnownThoughTheirModesAreChangedByLetters) {
  EXPECT_EQ(taken("COPY --chmod=u+x src /\nCOPY b /d/", "COPY --from=s /d /x"), "hit");
  EXPECT_EQ(taken("COPY --chmod=u+x src /\nCOPY <<E /d/f\nt\nE", "COPY --from=s /d/* /x/"), "hit");
}

TEST(StageFiles, AreTheSameInWhateverOrderTheyAreWritten) {
  const auto swap = [](const std::string& one, const std::string& two) {
    const std::string head = "FROM x AS z\n", tail = "\nFROM x\nCOPY --from=z / /everything/\n";
    const std::string all = compare_texts(head + one + "\n" + two + tail, head + two + "\n" + one + tail);
    return all.substr(all.rfind(':') + 1);
  };
  EXPECT_EQ(swap("WORKDIR /a", "WORKDIR /b"), "hit");
  EXPECT_EQ(swap("COPY a /x/", "COPY b /y/"), "hit");
  EXPECT_EQ(swap("COPY a /x/", "WORKDIR /y"), "hit");
  EXPECT_EQ(swap("COPY a /x/", "ADD b /y/"), "hit");
  EXPECT_EQ(swap("COPY a /x/", "RUN echo 1 > /y"), "depends");
  EXPECT_EQ(swap("COPY a /x/", "RUN make"), "depends");
  EXPECT_EQ(swap("ADD a /x/", "RUN make"), "depends");
  EXPECT_EQ(swap("COPY a /x/", "COPY --chmod=600 a /x/"), "miss");
  EXPECT_EQ(swap("COPY --from=y /a /x/", "COPY --from=z1 /a /x/"), "depends");  // which one is on top counts
}

TEST(StageFiles, MissWhatARemovedRunMade) {
  const std::string head = "FROM x AS build\n", tail = "FROM x\nCOPY --from=build /out/*.jar app.jar\n";
  const std::string jar = "RUN mkdir -p /out && echo 1 > /out/app.jar\n";
  EXPECT_EQ(compare_texts(head + jar + tail, head + tail), "3:miss");
  EXPECT_EQ(compare_texts(head + tail, head + jar + tail), "2:miss 4:miss");
  EXPECT_EQ(compare_texts(head + jar + tail, head + "RUN mkdir -p /out && echo 2 > /out/app.jar\n" + tail),
            "2:miss 4:depends");
  // The same file may be made in another way.
  EXPECT_EQ(compare_texts(head + jar + tail, head + "RUN make\n" + tail), "2:miss 4:depends");
  EXPECT_EQ(
      compare_texts(head + jar + tail, head + "SHELL [\"/bin/busybox\", \"sh\", \"-c\"]\n" + jar + tail),
      "3:miss 5:depends");
  // What else a RUN may have written is not known, so its removal leaves it open.
  EXPECT_EQ(compare_texts(head + "RUN mvn package\n" + tail, head + tail), "3:depends");
  EXPECT_EQ(compare_texts(head + "RUN test -f x || echo 1 > /out/app.jar\n" + tail, head + tail),
            "3:depends");
}

TEST(StageFiles, OfACacheMountsStageCount) {
  const std::string mount = "RUN --mount=type=cache,id=n,from=s,source=/seed,target=/c 1";
  EXPECT_EQ(taken("COPY src /seed", mount), "miss");
  EXPECT_EQ(taken("COPY src /seed\nCOPY b /other", mount, "b"), "hit");
}

TEST(StageFiles, KnowTheFoldersThatWorkdirMakes) {
  const auto insert = [](const std::string& step, const std::string& take) {
    const std::string head = "FROM x AS s\nCOPY a /d/\n", tail = "FROM x\n" + take + "\n";
    const std::string all = compare_texts(head + tail, head + step + "\n" + tail);
    return all.substr(all.rfind(':') + 1);
  };
  EXPECT_EQ(insert("WORKDIR /d/e", "COPY --from=s /d /x"), "miss");
  EXPECT_EQ(insert("WORKDIR /d", "COPY --from=s /d /x"), "hit");
  EXPECT_EQ(insert("WORKDIR /e", "COPY --from=s /d /x"), "hit");
  // Nothing else is in the folder.
  EXPECT_EQ(insert("WORKDIR /n/m/l", "COPY --from=s /n /x"), "miss");
  EXPECT_EQ(insert("WORKDIR /n/m/l", "COPY --from=s /n/m/* /x/"), "miss");
  EXPECT_EQ(insert("WORKDIR /n/m/l", "RUN --mount=from=s,source=/n,target=/m 1"), "miss");
  EXPECT_EQ(insert("RUN make\nWORKDIR /n/m/l", "COPY --from=s /n /x"), "miss");
}

TEST(StageFiles, KnowTheOwnersOfFoldersThatWorkdirMakes) {
  const auto text = [](const std::string& user) {
    return "FROM x AS s\nUSER " + user + "\nWORKDIR /d/e\nFROM x\nCOPY --from=s /d /x\n";
  };
  EXPECT_EQ(compare_texts(text("1"), text("1")), "3:hit 5:hit");
  EXPECT_EQ(compare_texts(text("1"), text("2")), "3:miss 5:depends");
}

// In each a link makes an edit show at another path than where the file was copied to; tried with
// Docker 28.5.
TEST(StageFiles, AreNotTrustedThroughLinks) {
  Record absolute = file("d/l", ""), relative = file("d/le", "");
  absolute.type = relative.type = context::Type::kSymlink;
  absolute.content = relative.content = std::nullopt;
  absolute.target = "/real";
  relative.target = "e";
  const std::vector<Record> files = {file("a", "1"), file("d/e/f", "1"), file("d/x", "1"), absolute,
                                     relative};
  const auto last = [&](const std::string& steps, const std::string& path, const std::string& edited = "a") {
    const std::string all =
        edit_file("FROM x AS s\n" + steps + "\nFROM x\nCOPY --from=s " + path + " /o\n", edited, files);
    return all.substr(all.rfind(':') + 1);
  };
  EXPECT_EQ(last("COPY d /t\nCOPY a /t/l/", "/real"), "depends");
  EXPECT_EQ(last("COPY d /t\nCOPY a /t/l/", "/t"), "depends");
  EXPECT_EQ(last("COPY d /t\nCOPY a /t/le/", "/t/e/a"), "depends");
  EXPECT_EQ(last("COPY d /t\nCOPY a /t/e/", "/t/le/a"), "depends");
  EXPECT_EQ(last("RUN mkdir /real && ln -s /real /t\nCOPY a /t/", "/real"), "depends");
  EXPECT_EQ(last("RUN sh -c 'mkdir /real; ln -s /real /t'\nCOPY a /t/", "/real"), "depends");
  EXPECT_EQ(last("RUN mkdir /real && ln -s /real /t\nWORKDIR /t\nCOPY a .", "/real/a"), "depends");
  EXPECT_EQ(last("RUN ln -s /t /out\nCOPY d /t", "/out/x", "d/x"), "depends");
  EXPECT_EQ(last("RUN mkdir /real && ln -s /real /t\nCOPY a /a\nRUN cat /a > /t/f", "/real"), "depends");
  EXPECT_EQ(last("COPY d /t\nRUN mkdir /real\nCOPY a /a\nRUN cat /a > /t/l/f", "/real"), "depends");
  EXPECT_EQ(last("RUN ln -s /q /lnk\nCOPY a /a\nRUN cp /a /lnk", "/q"), "depends");
  // Links that nothing passes change nothing.
  EXPECT_EQ(last("COPY d /t\nCOPY a /u/", "/t"), "hit");
  EXPECT_EQ(last("RUN ln -s /real /t\nCOPY a /u/", "/v"), "hit");
}

TEST(StageFiles, AreTheSameWithAnOwnerAndModeThatTheyHaveAnyway) {
  const auto respell = [](const std::string& before, const std::string& after) {
    const std::string head = "FROM x AS s\n", tail = "\nFROM x\nCOPY --from=s /q /o\n";
    const std::string all = compare_texts(head + before + tail, head + after + tail);
    return all.substr(all.rfind(':') + 1);
  };
  EXPECT_EQ(respell("COPY a /q/", "COPY --chmod=644 a /q/"), "hit");
  EXPECT_EQ(respell("COPY a /q/", "COPY --chown=0 a /q/"), "hit");
  // An ADD may unpack what it copies; whether it does is not looked at.
  EXPECT_EQ(respell("COPY a /q/\nADD a /q/", "COPY a /q/\nADD a /q"), "depends");
  EXPECT_EQ(respell("ADD b /q/", "ADD [b] /q/"), "depends");
  EXPECT_EQ(respell("ADD a /q/", "ADD a /r/"), "miss");
  EXPECT_EQ(respell("COPY --chown=5 a /q/", "COPY --chown=5:5 a /q/"), "hit");
  EXPECT_EQ(respell("COPY a /q/", "COPY --chmod=600 a /q/"), "miss");
  EXPECT_EQ(respell("COPY a /q/", "COPY --chmod=u+r,go-w a /q/"), "hit");
  EXPECT_EQ(respell("COPY --chmod=755 a /q/", "COPY --chmod=+x a /q/"), "hit");
  EXPECT_EQ(respell("COPY a /q/", "COPY --chmod=u+x a /q/"), "miss");
  EXPECT_EQ(respell("COPY --chown=5 a /q/", "COPY --chown=6 a /q/"), "miss");
}

TEST(StageFiles, OfAFolderThatIsABaseAreKnown) {
  const std::string text = "FROM nm AS s\nCOPY b /q\nFROM x\nCOPY --from=s /a /o\n";
  const auto build = [&](const std::string& a, const std::string& z) {
    auto made =
        cache::Build::make({.dockerfile = "Dockerfile", .plan = {.named_contexts = {{"nm", "../nm"}}}},
                           {text,
                            context::Snapshot({file("b", "1")}),
                            {{"nm", context::Snapshot({file("a", a), file("z", z)})}}});
    return std::move(*made);
  };
  const auto edit = [&](const std::string& a, const std::string& z) {
    const Build old = build("1", "1"), now = build(a, z);
    return test::verdicts(now, compare(old.state(), now.state()));
  };
  // A step on such a base is built each time, since the folder has no key of its own.
  EXPECT_EQ(edit("1", "1"), "2:miss 4:hit");
  EXPECT_EQ(edit("1", "2"), "2:miss 4:hit");
  EXPECT_EQ(edit("2", "1"), "2:miss 4:miss");
}

TEST(StageFiles, OfAChainOfStagesKeepTheirFilters) {
  const std::string text =
      "FROM x AS one\nCOPY --exclude=a src /d\nFROM x AS two\nCOPY --from=one --exclude=zz /d /e\nFROM x\n"
      "COPY --from=two /e /f\n";
  EXPECT_EQ(edit_file(text, "src/a", kFiles), "2:hit 4:hit 6:hit");
  EXPECT_EQ(edit_file(text, "b", kFiles), "2:hit 4:hit 6:hit");
}

// Deeper than steps are looked at one by one: what is below counts as a whole.
TEST(StageFiles, OfALongChainAreKnownNearItsEnd) {
  std::string text = "FROM x AS s0\nCOPY a /base\n";
  for (int i = 1; i < 700; ++i)
    text += fmt::format("FROM s{} AS s{}\nCOPY b /q{}\n", i - 1, i, i);
  text += "FROM x\nCOPY --from=s699 /q699 /q\n";
  EXPECT_EQ(compare_texts(text, text).substr(0, 6), "2:hit ");
  const auto last = [](const std::string& all) { return all.substr(all.rfind(' ') + 1); };
  EXPECT_EQ(last(compare_texts(text, text)), "1402:hit");
  const std::string edited =
      text.substr(0, text.find("/base")) + "/other" + text.substr(text.find("/base") + 5);
  EXPECT_EQ(last(compare_texts(text, edited)), "1402:miss");
}

// The pattern itself is not copied by the third stage: what it left out must count there all the same.
TEST(StageFiles, OfAChainOfStagesChangeWithTheFilterOfOne) {
  const auto chain = [](const std::string& first, const std::string& exclude) {
    return "FROM x AS one\n" + first + "\nFROM x AS two\nCOPY --from=one" + exclude +
           " /d /e\nFROM x\nCOPY --from=two /e /f\n";
  };
  EXPECT_EQ(compare_texts(chain("RUN make", " --exclude=a"), chain("RUN make", " --exclude=b")),
            "2:hit 4:miss 6:depends");
  EXPECT_EQ(compare_texts(chain("RUN make", ""), chain("RUN make", " --exclude=a")),
            "2:hit 4:miss 6:depends");
  EXPECT_EQ(compare_texts(chain("COPY a b /d/", ""), chain("COPY a b /d/", " --exclude=a")),
            "2:hit 4:miss 6:miss");
}

}  // namespace
}  // namespace dcache::cache
