// Logs of builds, as they are printed and as CI services keep them.
#include "dcache/observe/log_reader.h"

#include <set>

#include <gtest/gtest.h>

#include "dcache/observe/line.h"
#include "dcache/text/unicode.h"
#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

constexpr std::string_view kPlain =
    "#0 building with \"default\" instance using docker driver\n\n"
    "#1 [internal] load build definition from Dockerfile\n"
    "#1 transferring dockerfile: 747B done\n"
    "#1 DONE 0.0s\n\n"
    "#2 [internal] load build context\n"
    "#2 transferring context: 1.50kB 0.1s done\n"
    "#2 DONE 0.1s\n\n"
    "#3 [build 1/3] FROM docker.io/library/golang:1.22@sha256:abc\n"
    "#3 sha256:aaa 1.05MB / 2.00MB 0.2s\n"
    "#3 sha256:aaa 2.00MB / 2.00MB 0.4s done\n"
    "#3 extracting sha256:aaa 0.1s done\n"
    "#3 DONE 1.2s\n\n"
    "#4 [build 2/3] COPY . .\n"
    "#4 CACHED\n\n"
    "#5 [build 3/3] RUN make\n"
    "#5 0.651 compiling #4 DONE 9.9s\n"
    "#5 ...\n\n"
    "#6 [stage-1 1/2] WORKDIR /app\n"
    "#6 DONE 0.0s\n\n"
    "#5 [build 3/3] RUN make\n"
    "#5 12.01 done\n"
    "#5 DONE 12.3s\n\n"
    "#7 exporting to image\n"
    "#7 exporting layers 0.3s done\n"
    "#7 DONE 0.4s\n";

constexpr std::string_view kShown =
    "[internal] load build definition from Dockerfile: 0.0 s, 747 bytes\n"
    "[internal] load build context: 0.1 s, 1500 bytes\n"
    "[build 1/3] FROM docker.io/library/golang:1.22@sha256:abc: 1.2 s, 2000000 bytes\n"
    "[build 2/3] COPY . .: cached\n"
    "[build 3/3] RUN make: 12.3 s\n"
    "[stage-1 1/2] WORKDIR /app: 0.0 s\n"
    "exporting to image: 0.4 s\n";

// Each line with something before it.
std::string with_prefix(std::string_view text, const std::function<std::string(int)>& prefix) {
  std::string result;
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    result += prefix(number++);
    result += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  return result;
}

TEST(LogReader, ReadsPlainProgress) {
  const auto log = read_text(kPlain);
  ASSERT_TRUE(log);
  EXPECT_EQ(shown(*log), kShown);
  EXPECT_FALSE(log->is_cut);
  ASSERT_EQ(log->runs.size(), 1U);
  EXPECT_EQ(log->runs[0].builder, "\"default\" instance using docker driver");
}

TEST(LogReader, ReadsALogInAnyPieces) {
  for (const size_t piece : {1U, 2U, 7U, 100U}) {
    const auto log = read_text(kPlain, piece);
    ASSERT_TRUE(log);
    EXPECT_EQ(shown(*log), kShown) << piece;
  }
}

TEST(LogReader, ReadsLogsOfGithubActions) {
  const auto at = [](int line) { return fmt::format("2024-05-01T10:00:{:02}.1234567Z ", line); };
  const std::string lines = with_prefix(kPlain, at);
  EXPECT_EQ(shown(lines), kShown);
  EXPECT_EQ(shown("\xEF\xBB\xBF" + lines), kShown);
  EXPECT_EQ(shown(with_prefix(lines, [](int) { return "build (linux)\tBuild and push\t"; })), kShown);
  EXPECT_EQ(shown("2024-05-01T10:00:00.0000000Z ##[group]Building\n" + lines +
                  "2024-05-01T10:00:59.0000000Z ##[endgroup]\n"),
            kShown);
  EXPECT_EQ(shown(with_prefix(kPlain, [](int) { return "\x1b[36;1m"; })), kShown);
}

TEST(LogReader, TakesTimesFromGithubActions) {
  const auto log = read_text(
      "2024-05-01T10:00:00.5000000Z #1 [1/2] FROM docker.io/library/a:latest\n"
      "2024-05-01T10:00:02.5000000Z #1 DONE 2.0s\n"
      "2024-05-01T10:00:03.0000000Z #2 [2/2] RUN make\n"
      "2024-05-01T10:00:09.5000000Z #2 ERROR: process \"make\" did not complete successfully: exit code: "
      "2\n");
  ASSERT_TRUE(log);
  const std::vector<Vertex>& vertices = log->builds.at(0).vertices;
  EXPECT_DOUBLE_EQ(vertices.at(0).started.value(), 0);
  EXPECT_DOUBLE_EQ(vertices.at(0).completed.value(), 2);
  EXPECT_DOUBLE_EQ(vertices.at(1).started.value(), 2.5);
  EXPECT_DOUBLE_EQ(vertices.at(1).seconds, 6.5);
  EXPECT_EQ(vertices.at(1).error, "process \"make\" did not complete successfully: exit code: 2");
}

TEST(LogReader, ReadsLogsOfGitlab) {
  EXPECT_EQ(shown("section_start:1714557600:step_script\r\x1b[0K\x1b[36;1mExecuting\x1b[0;m\n" +
                  with_prefix(kPlain, [](int) { return "2024-05-01T10:00:00.123456Z 01O "; }) +
                  "section_end:1714557700:step_script\r\x1b[0K\n"),
            kShown);
  EXPECT_EQ(shown("section_start:1714557600:step_script\r\x1b[0K" + std::string(kPlain)), kShown);
}

TEST(LogReader, ReadsWindowsLinesAndIndentedOnes) {
  std::string windows;
  for (const char c : kPlain)
    windows += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(shown(windows), kShown);
  EXPECT_EQ(shown(with_prefix(kPlain, [](int) { return "    "; })), kShown);
}

TEST(LogReader, SkipsOtherOutput) {
  EXPECT_EQ(shown(with_prefix(kPlain, [](int) { return "npm notice\n## Title\n# 5 comment\n#x\n"; })),
            kShown);
}

TEST(LogReader, TellsImagesOfBakeAndComposeApart) {
  EXPECT_EQ(shown("#1 [internal] load local bake definitions\n#1 DONE 0.0s\n\n"
                  "#2 [api internal] load build definition from Dockerfile\n#2 DONE 0.0s\n\n"
                  "#3 [web internal] load build definition from Dockerfile\n#3 DONE 0.0s\n\n"
                  "#4 [api build 1/2] RUN a\n#4 DONE 1.0s\n\n#5 [web 1/2] RUN b\n#5 CACHED\n\n"
                  "#6 [api] exporting to image\n#6 DONE 0.1s\n\n#7 [web] exporting to image\n#7 DONE 0.2s\n"),
            "api: [api internal] load build definition from Dockerfile: 0.0 s\n"
            "api: [api build 1/2] RUN a: 1.0 s\n"
            "api: [api] exporting to image: 0.1 s\n"
            "web: [web internal] load build definition from Dockerfile: 0.0 s\n"
            "web: [web 1/2] RUN b: cached\n"
            "web: [web] exporting to image: 0.2 s\n");
}

// BuildKit may name a vertex again for another image that shares it.
TEST(LogReader, KnowsAVertexThatIsNamedForAnotherImage) {
  EXPECT_EQ(shown("#1 [api internal] load .dockerignore\n#1 DONE 0.0s\n\n#2 [web internal] load "
                  ".dockerignore\n#2 DONE 0.0s\n\n"
                  "#3 [api 1/1] RUN a\n#3 CACHED\n\n#3 [web 1/1] RUN a\n#3 CACHED\n"),
            "api: [api internal] load .dockerignore: 0.0 s\napi: [api 1/1] RUN a: cached\n"
            "web: [web internal] load .dockerignore: 0.0 s\n");
}

// The other image reuses what was run for the first one.
TEST(LogReader, TakesAVertexAsItWasForTheImageThatRanIt) {
  const auto log = read_text(
      "2024-05-01T10:00:00.0Z #1 [api internal] load .dockerignore\n2024-05-01T10:00:00.0Z #1 DONE 0.0s\n"
      "2024-05-01T10:00:00.0Z #2 [web internal] load .dockerignore\n2024-05-01T10:00:00.0Z #2 DONE 0.0s\n"
      "2024-05-01T10:00:00.0Z #3 [api 1/1] RUN a\n2024-05-01T10:00:01.0Z #3 DONE 1.0s\n"
      "2024-05-01T10:00:09.0Z #3 [web 1/1] RUN a\n2024-05-01T10:00:09.0Z #3 CACHED\n");
  ASSERT_TRUE(log);
  const Vertex& run = log->builds.at(0).vertices.at(1);
  EXPECT_FALSE(run.cached);
  EXPECT_DOUBLE_EQ(run.seconds, 1);
  EXPECT_DOUBLE_EQ(run.completed.value(), 1);
  const auto record = read_text(
      R"({"vertexes":[{"digest":"1","name":"[api internal] load .dockerignore","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:00Z"},{"digest":"a","name":"[api 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z"},{"digest":"a","name":"[web 1/1] RUN a","started":"2026-11-27T00:00:09Z","completed":"2026-11-27T00:00:09Z","cached":true}]})");
  ASSERT_TRUE(record);
  const Vertex& recorded = record->builds.at(0).vertices.at(1);
  EXPECT_FALSE(recorded.cached);
  EXPECT_DOUBLE_EQ(recorded.completed.value(), 1);
}

TEST(LogReader, TellsBuildsOfOneLogApart) {
  const std::string one =
      "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#2 [1/1] RUN a\n#2 DONE 1.0s\n\n"
      "#3 exporting to image\n#3 DONE 0.1s\n\n";
  const std::string both =
      "[internal] load build definition from Dockerfile: 0.0 s\n[1/1] RUN a: 1.0 s\nexporting to image: 0.1 "
      "s\n"
      "run 1: [internal] load build definition from Dockerfile: 0.0 s\nrun 1: [1/1] RUN a: 1.0 s\n"
      "run 1: exporting to image: 0.1 s\n";
  EXPECT_EQ(shown(one + one), both);
  EXPECT_EQ(shown("#0 building with \"a\" instance\n" + one + "#0 building with \"b\" instance\n" + one),
            both);
}

// The given text in UTF-16, as Windows PowerShell 5 redirects it.
std::string in_utf16(std::string_view text, bool big_endian) {
  std::string bytes = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  const auto add = [&](uint32_t unit) {
    const char low = static_cast<char>(unit & 0xFFU), high = static_cast<char>(unit >> 8U);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  };
  while (!text.empty()) {
    const text::Rune rune = text::decode_rune(text);
    text.remove_prefix(rune.width);
    if (rune.value < 0x10000) {
      add(rune.value);
    } else {
      add(0xD800 + ((rune.value - 0x10000) >> 10U));
      add(0xDC00 + ((rune.value - 0x10000) & 0x3FFU));
    }
  }
  return bytes;
}

TEST(LogReader, ReadsUtf16) {
  const std::string text = std::string(kPlain) + "#8 [2/2] RUN echo \u00e4 \U0001F600\n#8 DONE 0.1s\n";
  for (const bool big_endian : {false, true}) {
    for (const size_t piece : {1U, 3U, 1000U}) {
      const auto log = read_text(in_utf16(text, big_endian), piece);
      ASSERT_TRUE(log) << piece;
      EXPECT_EQ(shown(*log), shown(text)) << piece;
    }
  }
  EXPECT_NE(shown("\xFF\xFE").find("the log is empty"), std::string::npos);
}

TEST(LogReader, TakesTheTimeOfWhatDidNotEndFromItsOutput) {
  const auto log = read_text(
      "#1 [1/2] RUN a\n#1 0.512 one\n#1 12.31 two\n#1 ERROR: exit code: 1\n\n#2 [2/2] RUN b\n#2 7.25 x\n"
      "#2 CANCELED\n\n#3 [x 1/1] RUN c\n#3 3.5");
  ASSERT_TRUE(log);
  const std::vector<Vertex>& vertices = log->builds[0].vertices;
  ASSERT_EQ(vertices.size(), 3U);
  EXPECT_DOUBLE_EQ(vertices[0].seconds, 12.31);
  EXPECT_DOUBLE_EQ(vertices[1].seconds, 7.25);
  EXPECT_DOUBLE_EQ(vertices[2].seconds, 3.5);
  EXPECT_FALSE(vertices[2].ended);
}

TEST(LogReader, TakesAnyNameThatHasAStage) {
  EXPECT_EQ(
      shown(
          "#1 [1/3] RUN sleep 1; echo done\n#1 0.5 done\n#1 DONE 1.0s\n#2 [2/3] RUN head -c 1kB\n#2 CACHED\n"
          "#3 [3/3] RUN echo 5 1.5s\n#3 DONE 2.0s\n"),
      "[1/3] RUN sleep 1; echo done: 1.0 s\n[2/3] RUN head -c 1kB: cached\n[3/3] RUN echo 5 1.5s: 2.0 s\n");
}

TEST(LogReader, ReadsFailures) {
  const auto log = read_text(
      "#1 [1/2] RUN a\n#1 ERROR: exit code: 1\n\n#2 [2/2] RUN b\n#2 CANCELED\n------\n > [1/2] RUN "
      "a:\n------\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(shown(*log), "[1/2] RUN a: error exit code: 1\n[2/2] RUN b: canceled\n");
}

TEST(LogReader, ReadsWarnings) {
  const auto log = read_text("#1 [1/1] RUN a\n#1 WARN: slow\n#1 DONE 0.1s\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->builds[0].vertices[0].warnings, std::vector<std::string>{"slow"});
}

// Cut before each byte: what is there is right, and what is missing is told.
TEST(LogReader, ReadsWhatIsLeftOfALogThatWasCut) {
  const auto whole = read_text(kPlain);
  for (size_t at = 0; at < kPlain.size(); ++at) {
    const auto head = read_text(kPlain.substr(0, at));
    if (head) {
      EXPECT_LE(head->builds[0].vertices.size(), whole->builds[0].vertices.size());
    }
    const auto tail = read_text(kPlain.substr(at));
    if (!tail) continue;
    for (const Vertex& vertex : tail->builds[0].vertices)
      EXPECT_LE(vertex.seconds, 12.3);
  }
  const auto open = read_text("#1 [1/2] RUN a\n#1 0.5 text\n");
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->is_cut);
  EXPECT_EQ(shown(*open), "[1/2] RUN a: open\n");
  const auto late = read_text("#5 0.651 text\n#5 DONE 1.0s\n\n#6 [2/2] RUN b\n#6 DONE 0.5s\n");
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->is_cut);
  EXPECT_EQ(shown(*late), "[2/2] RUN b: 0.5 s\n");
}

TEST(LogReader, SaysWhatIsNotALog) {
  EXPECT_EQ(shown(""),
            "build.log: the log is empty; save what docker build --progress=plain prints on standard error "
            "(2> build.log)");
  EXPECT_EQ(shown("FROM alpine\nRUN x\n"),
            "build.log: this is not the log of a build; save what docker build --progress=plain prints on "
            "standard error (2> build.log)");
  EXPECT_EQ(shown("{\"vertexes\":["),
            "build.log: this has no whole record of a build; save all that docker buildx history logs "
            "--progress=rawjson prints");
  EXPECT_NE(shown("#4 is fixed\n#12 too\n").find("this is not the log of a build"), std::string::npos);
  EXPECT_NE(shown("Step 1/3 : FROM alpine\n").find("classic builder"), std::string::npos);
  EXPECT_NE(shown(" => [1/3] FROM alpine   0.1s\n").find("on a terminal"), std::string::npos);
}

TEST(LogReader, KeepsLittleOfHugeLines) {
  const std::string huge(3'000'000, 'x');
  const auto log = read_text("#1 [1/2] RUN " + huge + "\n#1 DONE 1.0s\n\n#2 [2/2] RUN b\n#2 0.1 " + huge +
                             "\n#2 DONE 2.0s\n" + huge);
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->is_cut);
  ASSERT_EQ(log->builds[0].vertices.size(), 2U);
  EXPECT_LT(log->builds[0].vertices[0].name.size(), 100'000U);
  EXPECT_DOUBLE_EQ(log->builds[0].vertices[0].seconds, 1);
  EXPECT_DOUBLE_EQ(log->builds[0].vertices[1].seconds, 2);
}

TEST(LogReader, KeepsSoManyVertices) {
  std::string text;
  for (int i = 1; i < 150'000; ++i)
    text += fmt::format("#{} [a {}/9] RUN x{}\n#{} CACHED\n", i, i, i, i);
  const auto log = read_text(text);
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->is_cut);
  EXPECT_EQ(log->builds[0].vertices.size(), 100'000U);
}

TEST(LogReader, RecognizesWhatIsSaidOfTheCache) {
  const auto log = read_text(
      "/usr/bin/docker buildx build --no-cache --pull --file Dockerfile .\n"
      "#0 building with \"builder-1\" instance using docker-container driver\n\n"
      "#1 [internal] booting buildkit\n#1 DONE 3.0s\n\n"
      "#2 importing cache manifest from ghcr.io/acme/app:cache\n#2 ERROR: ghcr.io/acme/app:cache: not "
      "found\n\n"
      "WARNING: local cache import at /tmp/.buildx-cache not found due to err: could not read "
      "/tmp/.buildx-cache/index.json\n"
      "#3 [1/1] RUN a\n#3 DONE 1.0s\n"
      "#4 importing cache manifest from local:123\n#4 DONE 0.1s\n"
      "#5 [2/2] RUN echo importing cache manifest from x\n#5 DONE 0.1s\n");
  ASSERT_TRUE(log);
  std::vector<Notice::Kind> kinds;
  for (const Notice& notice : log->runs.at(0).notices)
    kinds.push_back(notice.kind);
  using enum Notice::Kind;
  EXPECT_EQ(kinds, (std::vector{kNoCache, kPull, kCacheImport, kNewBuilder, kCacheImport, kCacheImported}));
  EXPECT_EQ(
      read_text("docker build --no-cache-filter=a .\n#1 [1/1] RUN a\n#1 DONE 1.0s\n")->runs[0].notices.size(),
      0U);
}

TEST(LogReader, KnowsWhichImageSomethingIsSaidOf) {
  const auto log = read_text(
      "#1 [api internal] load .dockerignore\n#1 DONE 0.0s\n#2 [web internal] load .dockerignore\n#2 DONE "
      "0.0s\n#3 [api] importing cache manifest from x\n#3 ERROR: not found\n"
      "ERROR: target web: failed to solve: exit code: 1\n");
  ASSERT_TRUE(log);
  const std::vector<Notice>& notices = log->runs.at(0).notices;
  ASSERT_EQ(notices.size(), 2U);
  std::set<std::string> images;
  for (const Notice& notice : notices)
    images.insert(notice.words + " of " + notice.image);
  EXPECT_EQ(images, (std::set<std::string>{"[api] importing cache manifest from x: not found of api",
                                           "exit code: 1 of web"}));
  EXPECT_EQ(read_text("#1 [1/1] RUN a\n#1 ERROR: x\nERROR: failed to build: failed to solve: x\n")
                ->runs.at(0)
                .notices.at(0)
                .image,
            "");
}

constexpr std::string_view kRecord =
    R"({"vertexes":[{"digest":"sha256:1","name":"[internal] load build context"},{"digest":"sha256:2","inputs":["sha256:1"],"name":"[2/2] COPY . ."}]})"
    "\n"
    R"({"vertexes":[{"digest":"sha256:1","name":"[internal] load build context","started":"2026-11-27T00:45:37.1Z"}]})"
    "\n"
    R"({"vertexes":[{"digest":"sha256:1","name":"[internal] load build context","started":"2026-11-27T00:45:37.1Z","completed":"2026-11-27T00:45:37.3Z"}],"statuses":[{"id":"transferring context:","vertex":"sha256:1","current":712,"timestamp":"2026-11-27T00:45:37.2Z"},{"id":"transferring context:","vertex":"sha256:1","current":1712,"timestamp":"2026-11-27T00:45:37.25Z"}]})"
    "\n"
    R"({"vertexes":[{"digest":"sha256:1","name":"[internal] load build context","started":"2026-11-27T00:45:37.5Z","completed":"2026-11-27T00:45:37.6Z"},{"digest":"sha256:2","inputs":["sha256:1"],"name":"[2/2] COPY . .","started":"2026-11-27T00:45:38.1Z","completed":"2026-11-27T00:45:38.1Z","cached":true}],"warnings":[{"vertex":"sha256:2","level":1,"short":"c2xvdw=="}],"logs":[{"vertex":"sha256:2","stream":1,"data":"eA=="}]})"
    "\n";

TEST(LogReader, ReadsRecords) {
  const auto log = read_text(kRecord);
  ASSERT_TRUE(log);
  EXPECT_EQ(shown(*log), "[internal] load build context: 0.3 s, 1712 bytes\n[2/2] COPY . .: cached\n");
  const Vertex& copy = log->builds[0].vertices[1];
  EXPECT_EQ(copy.inputs, std::vector<std::string>{"sha256:1"});
  EXPECT_EQ(copy.warnings, std::vector<std::string>{"slow"});
  EXPECT_DOUBLE_EQ(copy.started.value(), 1);
  EXPECT_EQ(shown(with_prefix(kRecord, [](int) { return "2024-05-01T10:00:00.1234567Z "; })), shown(*log));
}

TEST(LogReader, ShowsAGroupAsOneVertex) {
  EXPECT_EQ(
      shown(
          R"({"vertexes":[{"digest":"sha256:1","name":"[2/2] COPY --link a b","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z","progressGroup":{"id":"x","name":"[2/2] COPY --link a b","weak":true}},{"digest":"sha256:2","name":"[2/2] LINK COPY --link a b","started":"2026-11-27T00:00:02Z","completed":"2026-11-27T00:00:04Z","cached":true,"progressGroup":{"id":"x","name":"[2/2] COPY --link a b"}}]})"),
      "[2/2] COPY --link a b: 3.0 s\n");
}

// After an edit of an earlier layer, BuildKit puts the layer of a `COPY --link` on the new ones.
TEST(LogReader, KnowsALinkThatWasReused) {
  EXPECT_EQ(
      shown(
          R"({"vertexes":[{"digest":"sha256:1","name":"[2/2] COPY --link a b","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:00Z","cached":true,"progressGroup":{"id":"x","name":"[2/2] COPY --link a b","weak":true}},{"digest":"sha256:2","name":"[2/2] LINK COPY --link a b","started":"2026-11-27T00:00:02Z","completed":"2026-11-27T00:00:04Z","progressGroup":{"id":"x","name":"[2/2] COPY --link a b"}}]})"),
      "[2/2] COPY --link a b: cached\n");
}

TEST(LogReader, KnowsALinkOfOnbuildThatWasReused) {
  EXPECT_EQ(
      shown(
          R"({"vertexes":[{"digest":"sha256:1","name":"[2/2] ONBUILD COPY --link a b","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:00Z","cached":true,"progressGroup":{"id":"x","name":"[2/2] ONBUILD COPY --link a b","weak":true}},{"digest":"sha256:2","name":"[2/2] ONBUILD LINK COPY --link a b","started":"2026-11-27T00:00:02Z","completed":"2026-11-27T00:00:04Z","progressGroup":{"id":"x","name":"[2/2] ONBUILD COPY --link a b"}}]})"),
      "[2/2] ONBUILD COPY --link a b: cached\n");
}

// docker buildx history sorts what was said of a vertex by its start, so the unpacking of a reused layer
// comes last.
TEST(LogReader, TakesAVertexOfARecordAsWhatItEndedAs) {
  const auto of = [](const char* first, const char* second) {
    return shown(fmt::format(
        R"({{"vertexes":[{{"digest":"a","name":"[1/1] RUN a",{}}},{{"digest":"a","name":"[1/1] RUN a",{}}}]}})",
        first, second));
  };
  const char* const reused =
      R"("started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:03Z","cached":true)";
  const char* const unpacked = R"("started":"2026-11-27T00:00:01Z","completed":"2026-11-27T00:00:02Z")";
  EXPECT_EQ(of(reused, unpacked), "[1/1] RUN a: cached\n");
  EXPECT_EQ(of(unpacked, reused), "[1/1] RUN a: cached\n");
  const char* const ran = R"("started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:06Z")";
  EXPECT_EQ(of(reused, ran), "[1/1] RUN a: 5.0 s\n");
  const auto canceled = read_text(
      R"({"vertexes":[{"digest":"a","name":"[1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z","error":"context canceled"},{"digest":"a","name":"[1/1] RUN a","started":"2026-11-27T00:00:02Z","completed":"2026-11-27T00:00:02Z","cached":true}]})");
  ASSERT_TRUE(canceled);
  EXPECT_EQ(shown(*canceled), "[1/1] RUN a: canceled\n");
  EXPECT_FALSE(canceled->builds[0].vertices[0].cached);
}

// A record names steps before they start, and a build that fails never comes to some.
TEST(LogReader, LeavesOutWhatABuildThatFailedNeverStarted) {
  const std::string first =
      R"({"vertexes":[{"digest":"sha256:1","name":"[1/2] RUN a"},{"digest":"sha256:2","name":"[2/2] RUN b"},{"digest":"sha256:1","name":"[1/2] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z")";
  const auto failed = read_text(first + R"(,"error":"exit code: 1"}]})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(shown(*failed), "[1/2] RUN a: error exit code: 1\n");
  EXPECT_FALSE(failed->is_cut);
  const auto cut = read_text(first + "}]}");
  ASSERT_TRUE(cut);
  EXPECT_EQ(shown(*cut), "[1/2] RUN a: 1.0 s\n[2/2] RUN b: open\n");
  EXPECT_TRUE(cut->is_cut);
}

TEST(LogReader, ReadsRecordsOfSeveralBuilds) {
  const std::string one =
      R"({"vertexes":[{"digest":"sha256:1","name":"[1/1] RUN a"},{"digest":"sha256:1","name":"[1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z"},{"digest":"sha256:2","name":"exporting to image","started":"2026-11-27T00:00:01Z","completed":"2026-11-27T00:00:01Z"}]})"
      "\n";
  EXPECT_EQ(shown(one + one),
            "[1/1] RUN a: 1.0 s\nexporting to image: 0.0 s\nrun 1: [1/1] RUN a: 1.0 s\nrun 1: exporting to "
            "image: 0.0 s\n");
}

TEST(LogReader, SkipsRecordsThatAreNone) {
  for (const char* line :
       {R"({"vertexes":1})", R"({"vertexes":[1,null,{}]})", R"({"vertexes":[{"digest":5}]})",
        R"({"vertexes")", R"({"statuses":[{"vertex":"x","id":"transferring","current":-1}]})",
        R"({"logs":{}})", R"({"warnings":[{"vertex":1}]})",
        R"({"vertexes":[{"digest":"a","name":5,"started":"yesterday","inputs":[1],"cached":"no"}]})"})
    EXPECT_FALSE(read_text(line).has_value()) << line;
}

TEST(Lines, HaveMoments) {
  struct Case {
    const char* text;
    int64_t nanoseconds;
  };
  for (const auto& [text, nanoseconds] :
       {Case{"1970-01-01T00:00:01Z", 1'000'000'000}, Case{"1970-01-01T00:00:00.5Z x", 500'000'000},
        Case{"1970-01-01T02:00:00+02:00", 0}, Case{"1970-01-01T00:00:00.1234567Z", 123'456'700}}) {
    const auto moment = read_moment(text);
    ASSERT_TRUE(moment) << text;
    EXPECT_EQ(moment->nanoseconds, nanoseconds) << text;
  }
  for (const char* text : {"", "2024", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T00:00:00",
                           "2024-01-01 00:00:00Z", "2024-01-01T25:00:00Z", "9999-01-01T00:00:00Z"})
    EXPECT_FALSE(read_moment(text)) << text;
}

// GitLab writes a line in parts, each with its time, if it came in parts.
TEST(LogOfGitlab, PutsPartsOfALineTogether) {
  const std::string time = "2026-03-01T10:00:00.000000Z ";
  const std::string text = time + "01O #2 [1/2] FROM x\n" + time + "01O #2 DONE 0.0s\n" + time +
                           "01O #3 [2/2] RUN echo \n" + time + "01O+hello\n" + time + "00O runner\n" + time +
                           "01O+ world\n2026-03-01T10:00:01.000000Z 01O #3 DO\n" + time + "01O+NE 1.0s\n";
  for (const size_t piece : {std::string::npos, size_t{1}})
    EXPECT_EQ(shown(*read_text(text, piece)), "[1/2] FROM x: 0.0 s\n[2/2] RUN echo hello world: 1.0 s\n");
  // Streams are numbered with hexadecimal digits.
  EXPECT_EQ(shown(time + "0aE #1 [1/1] RUN a\n" + time + "0aE+b\n" + time + "0aE #1 DONE 2.0s\n"),
            "[1/1] RUN ab: 2.0 s\n");
  // The line before it is not in the log.
  EXPECT_EQ(shown(time + "01O+rest\n" + time + "01O #1 [1/1] RUN a\n" + time + "01O #1 CACHED\n"),
            "[1/1] RUN a: cached\n");
}

}  // namespace
}  // namespace dcache::observe
