// What --fix does by itself, what only --unsafe-fixes does, and what is not offered.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

struct Case {
  const char* rule;
  const char* text;
  const char*
      expected;  // "none" where nothing is found; else "safe", "unsafe" or "no fix" of the first finding
};

std::string kind_of(const lint::Findings& findings) {
  if (findings.diagnostics.empty()) return "none";
  const lint::Diagnostic& first = findings.diagnostics.front();
  return !first.fix ? "no fix" : first.fix->safe ? "safe" : "unsafe";
}

std::string offered(const Case& one) {
  const lint::Config config = test::config_selecting({one.rule});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(one.text);
  return kind_of(linter.lint(file, {}));
}

std::string offered_for_ignore_file(const std::string& text) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", text);
  const lint::Config config = test::config_selecting({"DC2003"});
  const lint::Linter linter(lint::catalogue(), config);
  lint::Companion companion(lint::CompanionKind::kIgnoreFile, folder / ".dockerignore", text,
                            test::surroundings_of(folder));
  return kind_of(linter.lint(companion));
}

std::string mended_ignore_file(const std::string& text) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", text);
  const lint::Config config = test::config_selecting({"DC2003"});
  const lint::Linter linter(lint::catalogue(), config);
  return lint::apply_fixes(linter, lint::CompanionKind::kIgnoreFile, folder / ".dockerignore", text,
                           test::surroundings_of(folder), false)
      .text;
}

TEST(SafeFixes, AreThoseThatCanNotBreakABuild) {
  const std::string head = "# syntax=docker/dockerfile:1\nFROM golang AS b\nRUN make\nFROM debian\nRUN x\n";
  for (const Case& one : std::vector<Case>{
           // A status that the clean-up hides.
           {"DC1005", "FROM node\nRUN --mount=type=cache,target=/root/.npm npm ci; npm cache clean --force\n",
            "no fix"},
           {"DC1005",
            "FROM node\nRUN --mount=type=cache,target=/root/.npm npm ci && npm cache clean --force\n",
            "safe"},
           {"DC1005",
            "FROM golang\nRUN --mount=type=cache,target=/root/.cache/go-build go build . && go clean "
            "-modcache\n",
            "unsafe"},
           {"DC1005",
            "FROM fedora\nRUN --mount=type=cache,target=/var/cache/dnf dnf install -y a && dnf clean all\n",
            "unsafe"},
           {"DC1005",
            "FROM gcc\nRUN --mount=type=cache,target=/build make && cp -r /build/o /o && rm -rf /build/*\n",
            "unsafe"},
           // Variables that steps between may be about.
           {"DC1010", "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\nRUN echo $GIT_SHA\n",
            "safe"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && set > /v\nRUN echo $GIT_SHA\n",
            "unsafe"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && cat /proc/self/environ > /v\n"
            "RUN echo $GIT_SHA\n",
            "unsafe"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && git clone x\nRUN echo "
            "$GIT_SHA\n",
            "unsafe"},
           {"DC1010",
            "FROM debian\n# about the next line\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\nRUN echo "
            "$GIT_SHA\n",
            "no fix"},
           {"RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM a\n", "safe"},
           {"RedundantTargetPlatform", "ARG TARGETPLATFORM=linux/arm64\nFROM --platform=$TARGETPLATFORM a\n",
            "no fix"},
       }) {
    EXPECT_EQ(offered(one), one.expected) << one.rule << "\n" << one.text;
  }
  for (const auto& [copy, expected] : std::vector<std::pair<std::string, std::string>>{
           {"COPY --from=b /o/app /usr/local/bin/\n", "safe"},
           {"COPY --from=b /o/app /usr/local/bin/app\n", "safe"},
           {"COPY --from=b /o/app /usr/local/bin\n", "none"},
           {"COPY --from=b /o/app /usr/bin/other\n", "unsafe"},
           {"COPY --from=b /o/a.yml /usr/share/elastic/config/a.yml\n", "unsafe"},
           {"COPY --from=b --chown=1000 /o/app /usr/src/\n", "none"},
       }) {
    EXPECT_EQ(offered({"DC1017", (head + copy).c_str(), ""}), expected) << copy;
  }
  EXPECT_EQ(offered({"DC1017",
                     "# syntax=docker/dockerfile:1.3\nFROM golang AS b\nRUN make\nFROM debian\nRUN x\n"
                     "COPY --from=b /o/app /usr/bin/app\n",
                     ""}),
            "no fix");
}

TEST(SafeFixes, OfIgnoreFilesKeepWhatIsIgnored) {
  EXPECT_EQ(offered_for_ignore_file("dist # output\n"), "unsafe");
  EXPECT_EQ(offered_for_ignore_file("x\n!.\n"), "none");
  EXPECT_EQ(offered_for_ignore_file(".\nb\n"), "none");
  EXPECT_EQ(mended_ignore_file("**\n*\n"), "**\n");
  EXPECT_EQ(mended_ignore_file("*\n**/*\n!x\n"), "*\n!x\n");
  EXPECT_EQ(mended_ignore_file("// Ignore everything\n*\n"), "# Ignore everything\n*\n");
}

}  // namespace
}  // namespace dcache
