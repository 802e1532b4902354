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
  lint::RelatedFile related(lint::RelatedFileKind::kIgnoreFile, folder / ".dockerignore", text,
                            test::facts_of(folder));
  return kind_of(linter.lint(related));
}

std::string mended_ignore_file(const std::string& text) {
  const test::TemporaryFolder folder;
  folder.write(".dockerignore", text);
  const lint::Config config = test::config_selecting({"DC2003"});
  const lint::Linter linter(lint::catalogue(), config);
  return lint::apply_fixes(linter, lint::RelatedFileKind::kIgnoreFile, folder / ".dockerignore", text,
                           test::facts_of(folder), false)
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

struct Install {
  std::vector<std::pair<const char*, const char*>> files;
  const char* text;
  const char* expected;
};

std::string offered_install(const Install& one) {
  const test::TemporaryFolder folder;
  folder.write("src/a", "");
  for (const auto& [path, text] : one.files)
    folder.write(path, text);
  const lint::Config config = test::config_selecting({"DC1001"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(std::string("FROM a\nWORKDIR /app\n") + one.text);
  const lint::Findings findings = linter.lint(file, test::facts_of(folder));
  EXPECT_TRUE(findings.bad_fixes.empty()) << one.text;
  return kind_of(findings);
}

TEST(DC4016, OffersAHeredocOnlyForWhatAScriptDoesAlike) {
  const Case cases[] = {
      {"DC4016", "FROM a\nRUN a && \\\n b && c && d && e && f\n", "unsafe"},
      {"DC4016", "FROM a\nRUN a | x > y && \\\n b && c && d && e && f\n", "unsafe"},
      {"DC4016", "FROM a\nRUN set -ex && \\\n b && c && d && e && f\n", "unsafe"},
      {"DC4016", "FROM a\r\nRUN a && \\\r\n b && c && d && e && f\r\n", "no fix"},
      {"DC4016", "FROM a\nRUN set +e && \\\n b && c && d && e && f\n", "no fix"},
      {"DC4016", "FROM a\nRUN . ./env && \\\n b && c && d && e && f\n", "no fix"},
      {"DC4016", "FROM a\nRUN a && eval 'b; c' && \\\n d && e && f && g\n", "no fix"},
      {"DC4016", "FROM a\nRUN a && \\\n # why\n b && c && d && e && f\n", "no fix"},
      {"DC4016", "FROM a\nRUN ! a && \\\n b && c && d && e && f\n", "no fix"},
      {"DC4016", "FROM a\nRUN (a) && \\\n b && c && d && e && f && g\n", "no fix"},
      {"DC4016", "FROM a\nRUN echo EOF && \\\n b && c && d && e && f\n", "no fix"},
      {"DC4016", "FROM a\nRUN a && echo 'x\\\n y' && c && d && e && f\n", "no fix"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(offered(one), one.expected) << one.text;
}

TEST(SafeFixes, MoveOnlyInstallsWhoseFilesAreKnown) {
  const std::pair<const char*, const char*> list = {
      "requirements.txt", "flask==3.0.3\nuvicorn[standard]>=0.30 ; python_version>'3'\n# x\n"};
  const std::pair<const char*, const char*> package = {"package.json",
                                                       "{\"dependencies\":{\"path-to-regexp\":\"1\"}}"};
  const std::pair<const char*, const char*> lock = {"package-lock.json", "{}"};
  const std::pair<const char*, const char*> module = {"go.mod", "module x\n"};
  const std::pair<const char*, const char*> sums = {"go.sum", "\n"};
  for (const Install& one : std::vector<Install>{
           {{list}, "COPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n", "safe"},
           {{list}, "COPY . .\nRUN pip install -r requirements.txt gunicorn==22.0\n", "safe"},
           {{list}, "COPY . .\nRUN pip install -r requirements.txt ./sub\n", "unsafe"},
           {{list}, "COPY . .\nRUN pip install -r requirements.txt wheels/a.whl\n", "unsafe"},
           {{list},
            "COPY . .\nRUN pip install --no-index --find-links wheels -r requirements.txt\n",
            "unsafe"},
           {{list}, "COPY . .\nRUN pip install --cert ca.pem -r requirements.txt\n", "unsafe"},
           {{list},
            "ENV PIP_CONSTRAINT=constraints.txt\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "unsafe"},
           {{list},
            "ENV PIP_NO_CACHE_DIR=1 PIP_INDEX_URL=https://p/x\nCOPY . .\nRUN pip install -r "
            "requirements.txt\n",
            "safe"},
           {{list},
            "ENV PIP_CONFIG_FILE=/app/pip.conf\nCOPY . .\nRUN pip install -r requirements.txt\n",
            "unsafe"},
           {{list}, "SHELL [\"/app/sh\", \"-c\"]\nCOPY . .\nRUN pip install -r requirements.txt\n", "unsafe"},
           {{{"requirements.txt", "lib/\n"}}, "COPY . .\nRUN pip install -r requirements.txt\n", "unsafe"},
           {{{"requirements.txt", "my-1.0.tar.gz\n"}},
            "COPY . .\nRUN pip install -r requirements.txt\n",
            "unsafe"},
           {{package, lock}, "COPY . .\nRUN npm ci\n", "safe"},
           {{package, lock}, "COPY . .\nRUN npm ci --omit=dev && npm run build\n", "safe"},
           {{package, lock}, "COPY . .\nRUN npm ci && \\\n  # build it\n  npm run build\n", "no fix"},
           {{package, lock}, "COPY . .\nRUN npm ci --userconfig=config/npmrc\n", "unsafe"},
           {{package, lock}, "ENV NODE_OPTIONS=\"--require ./pre.js\"\nCOPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock, {"node_modules/a/x", ""}}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock, {".puppeteerrc.cjs", ""}}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock, {"binding.gyp", ""}}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{{"package.json", "{\"dependencies\":{\"@prisma/client\":\"5\"}}"}, lock},
            "COPY . .\nRUN npm ci\n",
            "unsafe"},
           {{package, lock}, "# hadolint ignore=DL3045\nCOPY . .\nRUN npm ci\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN go build -o /d .\n", "safe"},
           {{module, sums}, "COPY . .\nRUN --mount=type=ssh go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN GOPROXY=https://p go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN export GOPROXY=https://p; go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nENV GOPROXY=https://p\nRUN go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN cp .netrc /root/\nRUN go build -o /d .\n", "unsafe"},
           {{}, "COPY . .\nRUN apt-get update && apt-get install -y curl\n", "safe"},
           {{}, "COPY . .\nRUN apt-get -c apt.conf install -y curl\n", "unsafe"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/* docs\n", "unsafe"},
           {{}, "ENV APT_CONFIG=/app/apt.conf\nCOPY . .\nRUN apt-get install -y curl\n", "unsafe"},
       }) {
    EXPECT_EQ(offered_install(one), one.expected)
        << one.text << (one.files.empty() ? "" : one.files[0].second);
  }
}

TEST(SafeFixes, OfIgnoreFilesAreDoneOnce) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM node\nWORKDIR /a\nCOPY . .\nRUN npm run build\n");
  folder.write(".dockerignore", "node_modules\n__pycache__/\n!dist\n");
  folder.write("p/node_modules/x", "");
  folder.write("p/__pycache__/x", "");
  folder.write("package.json", "{}");
  const std::vector<std::string> fix = {"lint", "--fix", "--unsafe-fixes", "--select", "DC2002,DC2003", "."};
  test::run_dcache(fix, folder.path());
  EXPECT_EQ(folder.read(".dockerignore"), "**/node_modules\n**/__pycache__\n!dist\n");
  test::run_dcache(fix, folder.path());
  EXPECT_EQ(folder.read(".dockerignore"), "**/node_modules\n**/__pycache__\n!dist\n");
}

TEST(DC2001, TakesAFolderWithAnIgnoreFileForTheContext) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "");
  folder.write("apps/web/src/a", "");
  folder.write("apps/web/notes.log", "");
  const std::string text = "FROM node\nWORKDIR /a\nCOPY . .\nRUN npm run build\n";
  folder.write("apps/web/Dockerfile", text);
  const auto found = [&] {
    return test::run_dcache({"lint", "--select", "DC2001", "apps/web/Dockerfile"}, folder.path())
               .out.find("DC2001") != std::string::npos;
  };
  EXPECT_TRUE(found());
  folder.write(".dockerignore", "*.log\n");
  EXPECT_FALSE(found());
}

TEST(SafeFixes, OfWorkflowsLeaveOtherBuildersAlone) {
  const auto offered_for = [](const std::string& head, const std::string& with,
                              const std::string& on = "on: push\n") {
    const std::string text = on + "jobs:\n  image:\n    runs-on: ubuntu-24.04\n" + head +
                             "    steps:\n      - uses: docker/setup-buildx-action@v3\n"
                             "      - uses: docker/build-push-action@v6\n        with:" +
                             with;
    const test::TemporaryFolder folder;
    const lint::Config config = test::config_selecting({"DC3002"});
    const lint::Linter linter(lint::catalogue(), config);
    lint::RelatedFile related(lint::RelatedFileKind::kWorkflow, folder / ".github/workflows/a.yml", text,
                              test::facts_of(folder));
    return kind_of(linter.lint(related));
  };
  EXPECT_EQ(offered_for("", "\n          tags: app\n"), "safe");
  EXPECT_EQ(offered_for("", " {tags: app}\n"), "no fix");
  EXPECT_EQ(offered_for("    env:\n      BUILDX_BUILDER: default\n", "\n          tags: app\n"), "no fix");
  EXPECT_EQ(offered_for("", "\n          builder: other\n          tags: app\n"), "no fix");
  EXPECT_EQ(offered_for("    strategy:\n      matrix:\n        name: [a, b]\n",
                        "\n          context: ${{ matrix.name }}\n"),
            "safe");
  const std::string tags = "\n          tags: app\n";
  EXPECT_EQ(offered_for("", tags, "name: x\non:\n  push:\n    tags: ['v*']\n\n# more\n"), "no fix");
  EXPECT_EQ(offered_for("", tags, "on:\n  release:\n    types: [published]\n"), "no fix");
  EXPECT_EQ(offered_for("", tags, "on:\n  push:\n    branches: [main]\n    tags: ['v*']\n"), "safe");
  EXPECT_EQ(offered_for("    if: github.event_name == 'release'\n", tags, "on: [push, release]\n"), "no fix");
  EXPECT_EQ(offered_for("", "\n          cache-from: ''\n          tags: app\n"), "no fix");
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
