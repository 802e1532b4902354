// What --fix does by itself, what only --unsafe-fixes does, and what is not offered.
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/text/unicode.h"
#include "tests/lint/lint_testing.h"
#include "tests/system.h"

namespace dcache {
namespace {

struct SafeFixCase {
  const char* rule;
  const char* text;
  const char*
      expected;  // "none" where nothing is found; else "safe", "unsafe" or "no fix" of the first finding
};

std::string kind_of(const lint::Findings& findings) {
  test::expect_reasons(findings);
  if (findings.diagnostics.empty()) return "none";
  const lint::Diagnostic& first = findings.diagnostics.front();
  return !first.fix ? "no fix" : first.fix->is_safe() ? "safe" : "unsafe";
}

std::string offered_fix(const SafeFixCase& one) {
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

// Podman refuses --link before 5.6, and nobody knows which version builds.
TEST(SafeFixes, LinkNothingThatPodmanBuilds) {
  const std::string text =
      "# syntax=docker/dockerfile:1\nFROM golang:1.22 AS b\nRUN make\nFROM debian:12\nRUN make\nCOPY "
      "--from=b "
      "/o/app /usr/local/bin/app\n";
  for (const auto& [path, script, expected] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"build.sh", "docker build -t a .\n", "safe"},
           {"build.sh", "podman build -t a .\n", "unsafe"},
           {"build.sh", "echo podman build -t a .\n", "safe"},
           {"build.sh", "buildah bud -t a .\n", "unsafe"},
           {"build.sh", "podman-compose build\n", "unsafe"},
           {"build.sh", "podman build -t a other\n", "safe"},
           {"build.sh", "podman run a\n", "safe"},
           {"Makefile", "ENGINE ?= podman\nall:\n\t$(ENGINE) build -t a .\n", "unsafe"},
           {"Makefile", "ENGINE ?= docker\nall:\n\t$(ENGINE) build -t a .\n", "safe"},
           {".github/workflows/a.yml", "jobs: {a: {steps: [{uses: 'redhat-actions/buildah-build@v2'}]}}\n",
            "unsafe"}}) {
    const test::TemporaryFolder folder;
    folder.write("other/Dockerfile", "FROM a\n");
    folder.write(path, script);
    const lint::Config config = test::config_selecting({"DC1017"});
    const lint::Linter linter(lint::catalogue(), config);
    EXPECT_EQ(kind_of(linter.lint(dockerfile::parse(text), test::facts_of(folder))), expected) << script;
  }
}

// What comes after a command that is taken out would be tied to what is above it, or a failure above it would
// count for `set -e` that did not before.
TEST(SafeFixes, TakeOutOnlyCommandsWithTheSameStatusWithoutThem) {
  const std::string pip = "FROM python\nRUN pip install -r /r.txt && ";
  const std::string npm =
      "FROM node\nRUN --mount=type=cache,target=/root/.npm npm ci && npm cache clean --force";
  for (const SafeFixCase& one : std::vector<SafeFixCase>{
           {"DC1003", "rm -rf /root/.cache/pip\n", "safe"},
           {"DC1003", "rm -rf /root/.cache/pip && mkdir -p /data\n", "safe"},
           {"DC1003", "rm -rf /root/.cache/pip; mkdir -p /data\n", "no fix"},
           {"DC1003", "\\\n    rm -rf /root/.cache/pip; \\\n    mkdir -p /data\n", "no fix"},
           {"DC1003", "\\\n    rm -rf /root/.cache/pip \\\n    ; mkdir -p /data\n", "no fix"},
           {"DC1003", "rm -rf /root/.cache/pip || mkdir -p /data\n", "no fix"},
           {"DC1003", "rm -rf /root/.cache/pip & mkdir -p /data\n", "no fix"},
           {"DC1003", "pip cache purge; mkdir -p /data\n", "no fix"}}) {
    EXPECT_EQ(offered_fix({one.rule, (pip + one.text).c_str(), one.expected}), one.expected) << one.text;
  }
  for (const auto& [end, expected] :
       std::vector<std::pair<std::string, std::string>>{{"\n", "safe"},
                                                        {" && chown x y\n", "safe"},
                                                        {"; chown x y\n", "no fix"},
                                                        {" || true\n", "no fix"}})
    EXPECT_EQ(offered_fix({"DC1005", (npm + end).c_str(), ""}), expected) << end;
  EXPECT_EQ(offered_fix(
                {"DC1003",
                 "FROM python\nRUN <<EOF\npip install a && rm -rf /root/.cache/pip\nmkdir /data\nEOF\n", ""}),
            "no fix");
  EXPECT_EQ(
      offered_fix({"DC1003",
                   "FROM python\nRUN set -e && pip install -r /r.txt && rm -rf /root/.cache/pip; mkdir -p "
                   "/data\n",
                   ""}),
      "no fix");
}

// A mount is a package manager's if its folder says so, or if the RUN calls no other.
TEST(SafeFixes, LeaveTheCleanUpOfACacheThatIsNotMounted) {
  for (const SafeFixCase& one : std::vector<SafeFixCase>{
           {"DC1005",
            "FROM php:8.3-fpm-alpine\nRUN --mount=type=cache,target=/etc/apk/cache,sharing=locked apk add "
            "curl=8 && "
            "composer install && composer clear-cache\n",
            "none"},
           {"DC1005",
            "FROM php:8\nRUN --mount=type=cache,target=/var/cache/apt composer install && composer "
            "clear-cache\n",
            "none"},
           {"DC1005",
            "FROM php:8\nRUN --mount=type=cache,target=/c apk add curl && composer install --no-cache\n",
            "none"},
           {"DC1005",
            "FROM php:8\nRUN --mount=type=cache,target=$C apk add curl && composer install && composer "
            "clear-cache\n",
            "none"},
           {"DC1005",
            "FROM php:8\nRUN --mount=type=cache,target=/c composer install && composer clear-cache\n",
            "unsafe"},
           {"DC1005",
            "FROM composer\nRUN --mount=type=cache,target=/etc/apk/cache "
            "--mount=type=cache,target=/tmp/cache apk add "
            "a && composer install && composer clear-cache\n",
            "safe"}})
    EXPECT_EQ(offered_fix(one), one.expected) << one.text;
}

TEST(SafeFixes, AreThoseThatCanNotBreakABuild) {
  const std::string head = "# syntax=docker/dockerfile:1\nFROM golang AS b\nRUN make\nFROM debian\nRUN x\n";
  for (const SafeFixCase& one : std::vector<SafeFixCase>{
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
            "FROM fedora:40\nRUN --mount=type=cache,target=/var/cache/dnf dnf install -y a && dnf clean "
            "all\n",
            "unsafe"},
           {"DC1005", "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add --no-cache curl\n",
            "unsafe"},
           {"DC1005",
            "FROM alpine\nRUN --mount=type=cache,target=/etc/apk/cache apk --no-cache --update add git && rm "
            "-rf "
            "/var/cache/apk/*\n",
            "unsafe"},
           {"DC1005",
            "FROM debian\nRUN --mount=type=cache,target=/var/lib/apt/lists apt-get update && apt-get install "
            "-y "
            "a && rm -rf /var/lib/apt/lists/*\n",
            "unsafe"},
           {"DC1005",
            "FROM python\nRUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir a\n",
            "safe"},
           {"DC1005",
            "FROM gcc\nRUN --mount=type=cache,target=/build make && cp -r /build/o /o && rm -rf /build/*\n",
            "unsafe"},
           // Variables that steps between may be about.
           {"DC1010", "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\nRUN echo $GIT_SHA\n",
            "safe"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && set > /v\nRUN echo $GIT_SHA\n",
            "none"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && cat /proc/self/environ > /v\n"
            "RUN echo $GIT_SHA\n",
            "none"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\nRUN env > /v\nRUN apt-get "
            "install -y b\nRUN echo $GIT_SHA\n",
            "safe"},
           {"DC1010",
            "FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && git clone x\nRUN echo "
            "$GIT_SHA\n",
            "unsafe"},
           {"DC1010",
            "FROM debian\n# about the next line\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\nRUN echo "
            "$GIT_SHA\n",
            "no fix"},
           {"DC1010",
            "FROM debian\nARG CI_ID=a\nARG BUILD_ID=$CI_ID\nWORKDIR /x\nRUN apt-get install -y a\nARG "
            "CI_ID=b\nRUN echo $BUILD_ID\n",
            "no fix"},
           {"DC1010",
            "FROM debian\nENV A=a\nARG BUILD_ID=$A\nWORKDIR /x\nRUN apt-get install -y a\nENV A=b\nRUN "
            "echo $BUILD_ID\n",
            "no fix"},
           {"RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM a\n", "safe"},
           {"RedundantTargetPlatform", "ARG TARGETPLATFORM=linux/arm64\nFROM --platform=$TARGETPLATFORM a\n",
            "no fix"},
       }) {
    EXPECT_EQ(offered_fix(one), one.expected) << one.rule << "\n" << one.text;
  }
  for (const auto& [copy, expected] : std::vector<std::pair<std::string, std::string>>{
           {"COPY --from=b /o/app /usr/local/bin/\n", "safe"},
           {"COPY --from=b /o/app /usr/local/bin/app\n", "safe"},
           {"COPY --from=b /o/app /usr/local/bin\n", "none"},
           {"COPY --from=b /o/app /usr/bin/other\n", "unsafe"},
           {"COPY --from=b /o/a.yml /usr/share/elastic/config/a.yml\n", "unsafe"},
           {"COPY --from=b --chown=1000 /o/app /usr/src/\n", "none"},
       }) {
    EXPECT_EQ(offered_fix({"DC1017", (head + copy).c_str(), ""}), expected) << copy;
  }
  const std::string build = "# syntax=docker/dockerfile:1\nFROM golang AS b\nRUN make\nFROM ";
  const std::string to = "\nRUN x\nCOPY --from=b /o/app ";
  for (const auto& [base, place, expected] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"debian:12", "/usr/bin/app", "safe"},
           {"alpine:3.20", "/usr/lib/app", "safe"},
           {"python:3.12-slim", "/usr/bin/app", "safe"},
           {"corp/base:bookworm", "/usr/bin/app", "safe"},
           {"fedora:42", "/usr/bin/app", "unsafe"},
           {"fedora:42", "/usr/local/bin/app", "safe"},
           {"registry.access.redhat.com/ubi9/ubi-minimal:9.5", "/usr/bin/", "unsafe"},
           {"amazonlinux:2023", "/usr/lib/app", "unsafe"},
           {"eclipse-temurin:21-ubi9-minimal", "/usr/bin/app", "unsafe"},
           {"corp/base", "/usr/bin/app", "unsafe"}}) {
    EXPECT_EQ(offered_fix({"DC1017", (build + base + to + place + "\n").c_str(), ""}), expected)
        << base << place;
  }
  EXPECT_EQ(offered_fix({"DC1017",
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
  const SafeFixCase cases[] = {
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
  for (const SafeFixCase& one : cases)
    EXPECT_EQ(offered_fix(one), one.expected) << one.text;
}

TEST(SafeFixes, MoveOnlyInstallsWhoseFilesAreKnown) {
  const std::pair<const char*, const char*> list = {
      "requirements.txt", "flask==3.0.3\nuvicorn[standard]>=0.30 ; python_version>'3'\n# x\n"};
  const std::pair<const char*, const char*> package = {"package.json",
                                                       "{\"dependencies\":{\"path-to-regexp\":\"1\"}}"};
  const std::pair<const char*, const char*> lock = {"package-lock.json", "{}"};
  const std::pair<const char*, const char*> kept_out = {".dockerignore", "node_modules\n"};
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
           {{package, lock, kept_out}, "COPY . .\nRUN npm ci\n", "safe"},
           {{package, lock, kept_out}, "COPY . .\nRUN npm ci --omit=dev && npm run build\n", "safe"},
           // Packages of this machine would come over those of the image.
           {{package, lock}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock}, "COPY . .\nRUN npm install\n", "unsafe"},
           // Settings and lock files may name files too.
           {{package, lock, kept_out, {".npmrc", "registry=https://r.example/\n"}},
            "COPY . .\nRUN npm ci\n",
            "safe"},
           {{package, lock, kept_out, {".npmrc", "node-options=--require ./a.js\n"}},
            "COPY . .\nRUN npm ci\n",
            "unsafe"},
           {{package, {"yarn.lock", "\"x@link:./lib\":\n"}, kept_out},
            "COPY . .\nRUN yarn install\n",
            "unsafe"},
           {{package, kept_out}, "COPY . .\nRUN yarn install --immutable-cache\n", "unsafe"},
           {{package, lock, kept_out}, "COPY . /app\nWORKDIR /app\nRUN npm ci\n", "safe"},
           {{package, lock}, "COPY . .\nRUN npm ci && \\\n  # build it\n  npm run build\n", "no fix"},
           {{package, lock, kept_out}, "COPY . .\nRUN npm ci --userconfig=config/npmrc\n", "unsafe"},
           {{package, lock, kept_out},
            "ENV NODE_OPTIONS=\"--require ./pre.js\"\nCOPY . .\nRUN npm ci\n",
            "unsafe"},
           {{package, lock, {"node_modules/a/x", ""}}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock, kept_out, {".puppeteerrc.cjs", ""}}, "COPY . .\nRUN npm ci\n", "unsafe"},
           {{package, lock, kept_out, {"binding.gyp", ""}}, "COPY . .\nRUN npm ci\n", "no fix"},
           {{{"package.json", "{\"dependencies\":{\"@prisma/client\":\"5\"}}"}, lock, kept_out},
            "COPY . .\nRUN npm ci\n",
            "unsafe"},
           {{package, lock, kept_out}, "# hadolint ignore=DL3045\nCOPY . .\nRUN npm ci\n", "unsafe"},
           // A module that the build does not need may be private.
           {{module, sums}, "COPY . .\nRUN go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN --mount=type=ssh go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN GOPROXY=https://p go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN export GOPROXY=https://p; go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nENV GOPROXY=https://p\nRUN go build -o /d .\n", "unsafe"},
           {{module, sums}, "COPY . .\nRUN cp .netrc /root/\nRUN go build -o /d .\n", "no fix"},
           {{}, "COPY . .\nRUN apt-get update && apt-get install -y curl\n", "safe"},
           {{}, "COPY . .\nRUN apt-get -c apt.conf install -y curl\n", "unsafe"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n", "safe"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf /var/*\n", "safe"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf /*\n", "unsafe"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf ./*\n", "no fix"},
           {{}, "COPY . .\nRUN apt-get install -y curl && rm -rf $X/*\n", "unsafe"},
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

// An ignore file is for all images of its context.
TEST(SafeFixes, OfIgnoreFilesKeepWhatOtherImagesCopy) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "");
  folder.write("compose.yaml",
               "services:\n  a: {build: .}\n  b: {build: {context: ., dockerfile: test/Dockerfile}}\n");
  folder.write("Dockerfile", "FROM node\nWORKDIR /a\nCOPY . .\nRUN make\n");
  folder.write("test/Dockerfile", "FROM node\nCOPY test/certs/a.key docs/page.html /x/\n");
  folder.write(".dockerignore", ".git\nDockerfile\ncompose.yaml\n");
  const std::string key = "-----BEGIN PRIVATE KEY-----\n";
  folder.write("test/certs/a.key", key);
  folder.write("other/b.key", key);
  folder.write("docs/page.html", "");
  folder.write("README.md", "");
  folder.write("a.log", "");
  const std::vector<std::string> lint = {"lint", "--select", "DC2002,CopyIgnoredFile", "."};
  const std::string found = test::run_dcache(lint, folder.path()).out;
  EXPECT_NE(found.find("COPY includes 2 files that no image needs"), std::string::npos) << found;
  test::run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2002", "."}, folder.path());
  EXPECT_EQ(folder.read(".dockerignore"),
            ".git\nDockerfile\ncompose.yaml\nother/b.key\n**/*.log\nREADME.md\n");
  const auto after = test::run_dcache(lint, folder.path());
  EXPECT_EQ(after.status, 0) << after.out;
}

TEST(SafeFixes, OfNewIgnoreFilesKeepWhatOtherImagesCopy) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "");
  folder.write("compose.yaml",
               "services:\n  a: {build: .}\n  b: {build: {context: ., dockerfile: b.Dockerfile}}\n");
  folder.write("Dockerfile", "FROM node\nWORKDIR /a\nCOPY . .\nRUN make\n");
  folder.write("b.Dockerfile", "FROM node\nCOPY debug.log docs Dockerfile /x/\n");
  folder.write("debug.log", "");
  folder.write("docs/page.html", "");
  folder.write("README.md", "");
  test::run_dcache({"lint", "--fix", "--unsafe-fixes", "--select", "DC2001", "."}, folder.path());
  const std::string text = folder.read(".dockerignore");
  for (const char* kept : {"log", "docs", "Dockerfile"})
    EXPECT_EQ(text.find(kept), std::string::npos) << text;
  EXPECT_NE(text.find("README.md"), std::string::npos) << text;
}

// What --diff shows is what --fix writes, even if the fixes of two files write a third.
TEST(SafeFixes, AreShownAsTheyAreWritten) {
  const auto fill = [](const test::TemporaryFolder& folder) {
    folder.write("Dockerfile", "FROM node\nWORKDIR /a\nCOPY . .\nRUN npm run build\n");
    folder.write(".dockerignore", "node_modules\nnode_modules\n/dist\ndist\n");
    folder.write("package.json", "{}");
    folder.write("a.log", "");
    folder.write("p/node_modules/x", "");
  };
  const test::TemporaryFolder shown, written;
  fill(shown);
  fill(written);
  for (const char* safety : {"--fix", "--unsafe-fixes"}) {
    const std::string diff =
        test::run_dcache({"lint", "--fix", safety, "--diff", "--select", "DC2", "."}, shown.path()).out;
    test::run_dcache({"lint", "--fix", safety, "--select", "DC2", "."}, written.path());
    shown.write("fix.patch", diff);
    if (!diff.empty()) {
      const std::string apply = "cd " + shown.path() + " && git apply fix.patch";
      EXPECT_EQ(test::run_shell(apply), 0) << diff;
    }
    EXPECT_EQ(shown.read(".dockerignore"), written.read(".dockerignore")) << diff;
    EXPECT_EQ(shown.read("Dockerfile"), written.read("Dockerfile")) << diff;
  }
  EXPECT_NE(written.read(".dockerignore").find("*.log"), std::string::npos);
}

TEST(LintedFiles, AreNoPartsOfTemplates) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  folder.write("t/Dockerfile.part", "RUN {{insert(\"x\", [\n  \"a\": 1,\n])}}\n");
  folder.write("t/Dockerfile.args", "{{ set x to 1 }}ENV A=b\n");
  folder.write("u/Dockerfile.env", "# {{ a tag }}\nENV A=b\n");
  const std::string all = test::run_dcache({"lint", "--select", "DC0001", "."}, folder.path()).out;
  EXPECT_EQ(all.find("Dockerfile.part"), std::string::npos) << all;
  EXPECT_EQ(all.find("Dockerfile.args"), std::string::npos) << all;
  EXPECT_NE(all.find("Dockerfile.env"), std::string::npos) << all;
  const std::string named =
      test::run_dcache({"lint", "--select", "DC0001", "t/Dockerfile.part"}, folder.path()).out;
  EXPECT_NE(named.find("Dockerfile.part"), std::string::npos) << named;
  const std::string noted = test::run_dcache({"lint", "--verbose", "."}, folder.path()).err;
  EXPECT_NE(noted.find("t/Dockerfile.part is left out"), std::string::npos) << noted;
}

TEST(LintedFiles, AreNoWorkflowsBelowTheRootOfARepository) {
  const test::TemporaryFolder folder;
  const std::string text =
      "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: docker build .\n";
  folder.write(".git/HEAD", "");
  folder.write("Dockerfile", "FROM a:1\n");
  folder.write(".github/workflows/a.yml", text);
  folder.write("template/.github/workflows/b.yml", text);
  const std::string all = test::run_dcache({"lint", "--select", "DC3002", "."}, folder.path()).out;
  EXPECT_NE(all.find("a.yml"), std::string::npos) << all;
  EXPECT_EQ(all.find("b.yml"), std::string::npos) << all;
  const std::string named =
      test::run_dcache({"lint", "--select", "DC3002", "template/.github/workflows/b.yml"}, folder.path()).out;
  EXPECT_NE(named.find("b.yml"), std::string::npos) << named;
}

TEST(DC1010, KnowsWhatCiGivesAnArgument) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "ref: refs/heads/main\n");
  folder.write("package.json", "{}\n");
  folder.write("Dockerfile",
               "FROM node:22\nARG STAMP\nARG FLAVOUR\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\n"
               "RUN echo $STAMP $FLAVOUR > v\n");
  folder.write(".github/workflows/w.yml",
               "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n"
               "      - uses: docker/build-push-action@v6\n        with:\n          build-args: |\n"
               "            STAMP=${{ github.sha }}\n            FLAVOUR=${{ vars.FLAVOUR }}\n");
  const std::string said =
      test::run_dcache({"lint", "--select", "DC1010", "--format", "concise", "Dockerfile"}, folder.path())
          .out;
  EXPECT_NE(said.find("Dockerfile:2:"), std::string::npos) << said;
  EXPECT_NE(said.find("each new value of STAMP (CI gives it ${{ github.sha }}) rebuilds the RUN in line 6"),
            std::string::npos)
      << said;
  EXPECT_EQ(said.find("FLAVOUR"), std::string::npos) << said;
}

TEST(DC1010, MovesAVariableOnlyBelowWhatCanNotReadIt) {
  const struct {
    const char* command;
    const char* expected;
  } cases[] = {
      {"find hooks -name '*.sh' -exec sh {} \\;", "unsafe"},
      {"find hooks -name '*.sh' -exec chmod +x {} +", "safe"},
      {"find hooks -okdir ./x {} \\;", "unsafe"},
      {"awk -f x.awk y", "unsafe"},
      {"awk '{ print $1 }' y", "safe"},
      {"awk 'BEGIN { print ENVIRON[0] }'", "unsafe"},
      {"awk 'BEGIN { system(1) }'", "unsafe"},
      {"sed -f x.sed y", "unsafe"},
      {"sed 's/a/date/e' y", "unsafe"},
      {"sed -i -e 's|a|/usr/share|g' /etc/profile", "safe"},
      {"tar -xf y --to-command=./x", "unsafe"},
      {"tar -I zstd -xf y", "safe"},
      {"./install", "unsafe"},
      {"/usr/bin/install -m 755 a b", "safe"},
      {"apt-get install -y ./b.deb", "unsafe"},
      // What is there to be done again with each commit.
      {"date > /built", "unsafe"},
      {"echo $(date) > /built", "unsafe"},
      {"apt-get upgrade -y", "unsafe"},
      {"cat /proc/sys/kernel/random/uuid > /id", "unsafe"},
      {"echo $RANDOM > /id", "unsafe"},
      {"chmod 755 /id", "safe"},
  };
  for (const auto& one : cases) {
    const std::string text =
        std::string("FROM debian\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a && ") + one.command +
        "\nRUN echo $GIT_SHA\n";
    EXPECT_EQ(offered_fix({"DC1010", text.c_str(), one.expected}), one.expected) << one.command;
  }
  // It may be there to rebuild the next line.
  const std::string above = "FROM debian\nARG GIT_SHA\nRUN apt-get install -y a\n";
  EXPECT_EQ(offered_fix({"DC1010", above.c_str(), ""}), "none");
  EXPECT_EQ(offered_fix({"DC1010", (above + "RUN echo $GIT_SHA\n").c_str(), ""}), "unsafe");
}

TEST(DC1010, MovesTheLabelsOfAVariableWithIt) {
  const auto fixed = [](const std::string& text) {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1010"}));
    const lint::FixedText result = lint::apply_fixes(linter, "FROM debian\n" + text, {}, true);
    EXPECT_TRUE(result.bad_fixes.empty()) << text;
    return result.text.substr(std::string("FROM debian\n").size());
  };
  const std::string install = "WORKDIR /x\nRUN apt-get install -y a\n";
  EXPECT_EQ(fixed("ARG GIT_SHA\nLABEL revision=$GIT_SHA\n" + install + "CMD [\"a\"]\n"),
            install + "ARG GIT_SHA\nLABEL revision=$GIT_SHA\nCMD [\"a\"]\n");
  // At the end of the text, where no line ends, and with a LABEL of several variables and lines.
  EXPECT_EQ(fixed("ARG GIT_SHA\nARG BUILD_DATE\nLABEL revision=$GIT_SHA \\\n  created=$BUILD_DATE\n"
                  "WORKDIR /x\nRUN apt-get install -y a"),
            "WORKDIR /x\nRUN apt-get install -y a\nARG GIT_SHA\nARG BUILD_DATE\nLABEL revision=$GIT_SHA "
            "\\\n  created=$BUILD_DATE");
  EXPECT_EQ(fixed("ARG GIT_SHA\nARG BUILD_DATE\nLABEL a=$GIT_SHA b=$BUILD_DATE\nRUN apt-get install -y "
                  "a\nRUN echo a > a\n"),
            "RUN apt-get install -y a\nARG GIT_SHA\nARG BUILD_DATE\nLABEL a=$GIT_SHA b=$BUILD_DATE\nRUN echo "
            "a > a\n");
  // A step that reads the variable stays below it.
  EXPECT_EQ(fixed("ARG GIT_SHA\nLABEL revision=$GIT_SHA\n" + install + "RUN echo $GIT_SHA\n"),
            install + "ARG GIT_SHA\nLABEL revision=$GIT_SHA\nRUN echo $GIT_SHA\n");
  for (const std::string& text :
       {"ARG GIT_SHA\nLABEL revision=$GIT_SHA\n" + install + "LABEL revision=1\nRUN apt-get install -y b\n",
        "ARG GIT_SHA\nLABEL v=$A$GIT_SHA\nENV A=1\n" + install,
        "ARG GIT_SHA\nARG K=v\nLABEL v=$GIT_SHA\nLABEL $K=2\n" + install,
        "ARG GIT_SHA\n# about the image\nLABEL revision=$GIT_SHA\n" + install})
    EXPECT_EQ(fixed(text), text);
  EXPECT_EQ(
      offered_fix({"DC1010",
                   "FROM debian\nARG GIT_SHA\nLABEL a=$GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\n", ""}),
      "safe");
  EXPECT_EQ(
      offered_fix(
          {"DC1010", "FROM debian\nARG GIT_SHA\nLABEL a=$GIT_SHA\nRUN apt-get install -y a && ./b\n", ""}),
      "unsafe");
}

// A build tool may read what its text does not name.
TEST(DC1010, SaysWhereAVariableOfTheImageIsRead) {
  const auto remedy = [](const std::string& rest) {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1010"}));
    const dockerfile::File file = dockerfile::parse("FROM a\nARG R\nENV GIT_COMMIT=$R\nWORKDIR /x\n" + rest);
    return linter.lint(file, {}).diagnostics.at(0).remedy;
  };
  EXPECT_EQ(
      remedy("RUN apt-get install -y a\nRUN cargo build\n"),
      "move it down to the first step that reads it from its environment (maybe line 6), or move it to the "
      "end of the stage if no step does");
  EXPECT_EQ(remedy("RUN apt-get install -y a\n"), "move it to the end of the stage");
}

TEST(DC1010, LeavesACommentAboveItsInstruction) {
  const lint::Config config = test::config_selecting({"DC1010"});
  EXPECT_EQ(
      test::fixed("FROM a\nARG GIT_SHA\nWORKDIR /x\nRUN apt-get install -y a\n# why\n# and how\nRUN echo "
                  "$GIT_SHA\n",
                  config),
      "FROM a\nWORKDIR /x\nRUN apt-get install -y a\nARG GIT_SHA\n# why\n# and how\nRUN echo $GIT_SHA\n");
}

TEST(DC1023, CallsKeysOfTestsAnInfo) {
  const lint::Config config = test::config_selecting({"DC1023"});
  const lint::Linter linter(lint::catalogue(), config);
  for (const auto& [source, level] :
       std::vector<std::pair<std::string, lint::Level>>{{"keys/id_rsa", lint::Level::kError},
                                                        {"test/fixture/id_rsa", lint::Level::kInfo},
                                                        {"./e2e/.htpasswd", lint::Level::kInfo},
                                                        {"pkg/testdata/id_rsa", lint::Level::kInfo},
                                                        {"latest/id_rsa", lint::Level::kError}}) {
    const dockerfile::File file = dockerfile::parse("FROM a\nCOPY " + source + " /x/\n");
    const auto found = linter.lint(file, {}).diagnostics;
    ASSERT_EQ(found.size(), 1U) << source;
    EXPECT_EQ(found.front().level, level) << source;
  }
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
                              const std::string& on = "on: push\n",
                              const std::string& dockerfile = "FROM a\nRUN make\n") {
    const std::string text = on + "jobs:\n  image:\n    runs-on: ubuntu-24.04\n" + head +
                             "    steps:\n      - uses: docker/setup-buildx-action@v3\n"
                             "      - uses: docker/build-push-action@v6\n        with:" +
                             with;
    const test::TemporaryFolder folder;
    for (const char* path : {"Dockerfile", "a/Dockerfile", "b/Dockerfile"})
      folder.write(path, dockerfile);
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
  // What a cache would keep as it is.
  EXPECT_EQ(offered_for("", tags, "on:\n  push:\n  schedule:\n    - cron: '0 0 * * 1'\n"), "unsafe");
  for (const char* run :
       {"apt-get update && apt-get dist-upgrade -y", "apk upgrade --no-cache", "apk add -U --upgrade x",
        "dnf -y update", "zypper --non-interactive up", "pacman -Syu", "pip install --upgrade pip",
        "npm install -g npm@latest", "apt-get update", "git clone https://x.org/y.git",
        "curl -O https://x.org/latest/a.tar.gz", "curl -sSf https://sh.rustup.rs | sh",
        "go install a/b@latest"}) {
    EXPECT_EQ(offered_for("", tags, "on: push\n", std::string("FROM a\nRUN ") + run + "\n"), "unsafe") << run;
  }
  for (const char* run : {"apt-get update && apt-get install -y x", "apk add --no-cache x", "npm ci",
                          "pip install -r r.txt", "go build ./..."}) {
    EXPECT_EQ(offered_for("", tags, "on: push\n", std::string("FROM a\nRUN ") + run + "\n"), "safe") << run;
  }
  EXPECT_EQ(offered_for("", "\n          file: missing/Dockerfile\n"), "unsafe");
}

std::string reason_of(const lint::Findings& findings) {
  for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
    if (diagnostic.fix && !diagnostic.fix->is_safe()) return diagnostic.fix->unsafe_because;
  }
  return "";
}

TEST(SafeFixes, SayWhyTheyAreNot) {
  std::set<std::string_view> covered = {"DC1001", "DC1002", "DC2001", "DC2002", "DC2003", "DC3002"};
  const std::string with_line = "# syntax=docker/dockerfile:1\n";
  const std::string stages = "FROM golang AS b\nRUN make\nFROM debian\nRUN x\n";
  struct ReasonCase {
    const char* rule;
    std::string text;
    const char* expected;
  };
  for (const ReasonCase& one : std::vector<ReasonCase>{
           {"DC1003", "FROM debian:12\nRUN apt-get update && apt-get install -y a b c d e f g h i j\n",
            "builds of other images and platforms share the mount, and a later step may need what apt keeps "
            "in the layer"},
           {"DC1003", "FROM python:3.12\nRUN pip install -r r.txt && ./x\n",
            "'./x' in this RUN may use /root/.cache/pip"},
           {"DC1003", "FROM corp/python\nRUN pip install -r r.txt\n",
            "the base image may run this step as another user than root, and the mount belongs to root"},
           {"DC1003", "FROM golang:1.22\nRUN go mod download\nRUN go build -o /x .\n",
            "what runs in the image may need what this step downloads, and what is in a mount is not in the "
            "image"},
           {"DC1004",
            "FROM debian\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && "
            "apt-get install -y a\n",
            "a later RUN may need /var/lib/apt/lists in the layer, and what is in a mount is not there"},
           {"DC1005", "FROM alpine\nRUN --mount=type=cache,target=/etc/apk/cache apk add --no-cache curl\n",
            "the package lists of apk in the mount may be old, or those of another platform"},
           {"DC1005",
            "FROM gcc\nRUN --mount=type=cache,target=/build make && cp -r /build/o /o && rm -rf /build/*\n",
            "another command may expect /build to be empty"},
           {"DC1008", "FROM debian:12\nCOPY --exclude=*.md . /app/\n",
            "every build then downloads the syntax from Docker Hub, and fails if Docker Hub can't be "
            "reached"},
           {"DC1010",
            "FROM node:22\nARG GIT_SHA\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN echo $GIT_SHA > v\n",
            "what line 5 runs may read GIT_SHA from its environment"},
           {"DC1010",
            "FROM node:22\nARG GIT_SHA\nWORKDIR /app\nRUN apt-get update && apt-get install -y curl && date "
            "> /d\nRUN echo $GIT_SHA > v\n",
            "it may be there to run line 4 again with each new value"},
           {"DC1016",
            "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
            "bind mounts are read-only, and an install that updates its lock file fails then"},
           {"DC1017", stages + "COPY --from=b /o/app /usr/bin/app\n",
            "builders before Docker 23.0 refuse --link without a '# syntax=' line"},
           {"DC1017", with_line + stages + "COPY --from=b /o/app /srv/x/app\n",
            "the folders above /srv/x/app get root as owner and mode 755, whatever they have in the image"},
           {"DC1021",
            "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY "
            "--from=b /app /app\nCMD [\"/app\"]\n",
            "a program that uses C code no longer builds"},
           {"DC1025", "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm install\n",
            "the build fails if the lock file does not match"},
           {"DC4001", "FROM debian:12\nRUN ['apt-get', 'update']\n",
            "the build or the image then runs another command than today"},
           {"DC4006", "FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y curl\necho done\nEOF\n",
            "a build that ignored a failure then stops"},
           {"DC4015",
            "FROM python:3.13-slim\nEXPOSE 3000\nCMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", "
            "\"--port\", \"8000\"]\n",
            "the port of the program may be the wrong one"},
           {"DC4016",
            "FROM debian:12\nRUN apt-get update && \\\n    apt-get install -y gcc make && \\\n    "
            "./configure && \\\n    make && \\\n    make install && \\\n    make clean\n",
            "the step is built once more, and an unusual shell may read the script in another way"},
           {"MaintainerDeprecated", "FROM debian:12\nMAINTAINER a@b.c\n",
            "the image then has one more label, and no author"}}) {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({one.rule}));
    const dockerfile::File file = dockerfile::parse(one.text);
    EXPECT_EQ(reason_of(linter.lint(file, {})), one.expected) << one.text;
    covered.insert(one.rule);
  }
  for (const lint::Rule& rule : lint::catalogue()) {
    if (text::to_lower(rule.fix_note).find("unsafe") != std::string::npos) {
      EXPECT_TRUE(covered.contains(rule.code)) << rule.code;
    }
  }
}

// The words of a remedy that nobody can follow without knowing which step is meant.
TEST(SafeFixes, OfVariablesNameTheStepsThatMayReadThem) {
  const auto remedy = [](const std::string& text) {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1010"}));
    const dockerfile::File file = dockerfile::parse("FROM node:22\n" + text);
    const lint::Findings findings = linter.lint(file, {});
    return findings.diagnostics.empty() ? "" : findings.diagnostics.front().remedy;
  };
  EXPECT_EQ(remedy("ARG GIT_SHA\nWORKDIR /a\nRUN npm ci\nRUN npm run build\n"),
            "move it down to the first step that reads it from its environment (maybe line 4 or 5), or "
            "remove it if no step does");
  EXPECT_EQ(remedy("ARG GIT_SHA\nWORKDIR /a\nRUN npm install\n"),
            "remove it, unless what line 4 runs reads it from its environment");
  EXPECT_EQ(remedy("ARG GIT_SHA\nWORKDIR /a\nRUN apt-get update && apt-get install -y curl\n"),
            "remove it: nothing uses it");
  EXPECT_EQ(
      remedy("ARG X\nENV GIT_SHA=$X\nWORKDIR /a\nRUN apt-get update && apt-get install -y curl\nRUN make\n"),
      "move it down to the first step that reads it from its environment (maybe line 6), or move it to the "
      "end of the stage if no step does");
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
