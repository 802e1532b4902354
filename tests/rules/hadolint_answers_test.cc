// Rules of hadolint's catalogue: what both profiles say, and where the default one knows better.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using Texts = std::vector<std::string>;

struct HadolintCase {
  const char* code;
  const char* dockerfile;
  Texts everywhere = {};   // "LINE", in both profiles
  Texts in_hadolint = {};  // that hadolint's has next to them
};

Texts hadolint_lines(const HadolintCase& c, lint::Config config, const lint::BuildFacts& facts = {}) {
  config.trusted_registries = {"docker.io"};
  config.label_schema["vendor"] = lint::LabelType::kText;
  Texts lines;
  for (const std::string& finding : test::findings(c.dockerfile, config, facts)) {
    const size_t colon = finding.find(':');
    if (finding.substr(0, colon) == c.code) lines.push_back(finding.substr(colon + 1));
  }
  return lines;
}

// In the default profile, in hadolint's, and where the rule is selected.
void check_hadolint(const std::vector<HadolintCase>& cases, const lint::BuildFacts& facts = {}) {
  for (const HadolintCase& c : cases) {
    lint::Config all;  // has the rules that the default profile leaves out
    all.profile = lint::Profile::kAll;
    lint::Config hadolint;
    hadolint.profile = lint::Profile::kHadolint;
    const Texts& of_hadolint = c.in_hadolint.empty() ? c.everywhere : c.in_hadolint;
    EXPECT_EQ(hadolint_lines(c, all, facts), c.everywhere) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(hadolint_lines(c, hadolint, facts), of_hadolint) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(hadolint_lines(c, test::config_selecting({c.code}), facts), of_hadolint) << c.code << "\n"
                                                                                       << c.dockerfile;
  }
}

TEST(HadolintAnswers, ToSudo) {
  check_hadolint({{"DL3004", "FROM a\nRUN sudo make\n", {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -u root make\n", {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -E -p x make -u y\n", {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -u app make\n", {}, {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -EHu app make\n", {}, {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -uapp make\n", {}, {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -g app --user=$APP make\n", {}, {"2"}},
                  {"DL3004", "FROM a\nRUN sudo -u app make && sudo make\n", {"2"}}});
}

TEST(HadolintAnswers, ToRootInStages) {
  check_hadolint({{"DL3002", "FROM a\nUSER root\n", {"2"}},
                  {"DL3002", "FROM a AS b\nUSER root\nFROM b\nRUN x\n", {"2"}},
                  {"DL3002", "FROM a AS b\nUSER root\nFROM c\nCOPY --from=b /x /x\n", {}, {"2"}},
                  {"DL3002", "FROM a AS b\nUSER root\nFROM b\nUSER app\n", {}, {"2"}}});
}

TEST(HadolintAnswers, ToRelativeDestinations) {
  check_hadolint(
      {{"DL3045", "FROM a\nCOPY x y\n", {"2"}},
       {"DL3045", "FROM scratch\nCOPY x y\n", {}, {"2"}},
       {"DL3045", "FROM scratch AS b\nFROM b\nCOPY x y\n", {}, {"3"}},
       {"DL3045",
        "ARG V=a\nFROM d AS b-a\nWORKDIR /x\nFROM d AS b-c\nWORKDIR /y\nFROM b-$V\nCOPY x y\n",
        {},
        {"7"}},
       {"DL3045", "ARG V=a\nFROM d AS b-a\nWORKDIR /x\nFROM d AS b-c\nFROM b-$V\nCOPY x y\n", {"6"}}});
}

// An image that the repository builds has the WORKDIR of its Dockerfile.
TEST(HadolintAnswers, ToDestinationsInImagesOfTheRepository) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "ref: refs/heads/main\n");
  folder.write("app/Dockerfile", "FROM base\nCOPY x ./x\n");
  folder.write("app/x", "");
  folder.write("docker-bake.hcl",
               "target \"base\" {\n  context = \"base\"\n}\ntarget \"app\" {\n  context = \"app\"\n"
               "  contexts = { base = \"target:base\" }\n}\n");
  const auto said = [&](const std::string& base) {
    folder.write("base/Dockerfile", base);
    return test::run_dcache({"lint", "--format", "concise", "app/Dockerfile"}, folder.path()).out;
  };
  EXPECT_EQ(said("FROM alpine:3.20\nWORKDIR /app\n").find("DL3045"), std::string::npos);
  EXPECT_EQ(said("FROM alpine:3.20 AS a\nWORKDIR /app\nFROM a\nRUN x\n").find("DL3045"), std::string::npos);
  EXPECT_NE(said("FROM alpine:3.20\n").find("DL3045"), std::string::npos);
  EXPECT_NE(said("FROM alpine:3.20 AS a\nWORKDIR /app\nFROM alpine:3.20\n").find("DL3045"),
            std::string::npos);
}

TEST(HadolintAnswers, ToCopiesOfEverything) {
  check_hadolint(
      {{"DL3067", "FROM a AS b\nFROM c\nCOPY --from=b / /\n", {"3"}},
       {"DL3067", "FROM c\nCOPY --from=debian:12 / /\n", {"2"}},
       {"DL3067", "ARG V=1\nFROM tonistiigi/xx:$V AS xx\nFROM c\nCOPY --from=xx / /\n", {}, {"4"}},
       {"DL3067", "FROM c\nCOPY --from=docker.io/tonistiigi/xx:1.5 / /\n", {}, {"2"}},
       {"DL3067", "FROM scratch AS s\nFROM s AS t\nFROM c\nCOPY --from=t / /\n", {}, {"4"}},
       {"DL3067", "FROM c\nCOPY --from=gloursdocker/docker / /\n", {}, {"2"}},
       {"DL3067", "FROM me/app AS b\nRUN make\nFROM c\nCOPY --from=b / /\n", {"4"}},
       {"DL3067",
        "FROM scratch AS b-linux\nFROM scratch AS b-windows\nFROM b-$TARGETOS AS b\nFROM c\n"
        "COPY --from=b / /\n",
        {},
        {"5"}},
       {"DL3067",
        "FROM scratch AS b-linux\nFROM a AS b-windows\nFROM b-${TARGETOS} AS b\nFROM c\n"
        "COPY --from=b / /\n",
        {"5"}},
       {"DL3067", "ARG B=x\nFROM scratch AS x\nFROM $B AS y\nFROM c\nCOPY --from=y / /\n", {}, {"5"}},
       {"DL3067", "ARG B=z\nFROM scratch AS x\nFROM $B AS y\nFROM c\nCOPY --from=y / /\n", {"5"}},
       {"DL3067", "FROM c\nCOPY --from=quay.io/fedora/fedora:40 / /\n", {"2"}},
       {"DL3067", "ARG A\nFROM scratch\nFROM c\nCOPY --from=0 / /\n", {}, {"4"}}});
}

TEST(HadolintAnswers, ToLinksOfTheShell) {
  check_hadolint(
      {{"DL4005", "FROM a\nRUN ln -sf /bin/bash /bin/sh\n", {"2"}},
       {"DL4005", "FROM a\nRUN ln -s /bin/sh /bin/other\n", {}, {"2"}},
       {"DL4005", "FROM a\nSHELL [\"/busybox/sh\", \"-c\"]\nRUN ln -s /busybox/sh /bin/sh\n", {}, {"3"}}});
}

TEST(HadolintAnswers, ToPipes) {
  check_hadolint(
      {{"DL4006", "FROM a\nRUN x | y\n", {"2"}},
       {"DL4006", "FROM alpine:3\nRUN x | y\n", {"2"}},
       {"DL4006", "FROM a\nSHELL [\"/bin/sh\", \"-o\", \"pipefail\", \"-c\"]\nRUN x | y\n", {"3"}},
       {"DL4006",
        "FROM alpine:3\nSHELL [\"/bin/sh\", \"-eo\", \"pipefail\", \"-c\"]\nRUN x | y\n",
        {},
        {"3"}},
       {"DL4006",
        "FROM nginx:1-alpine AS b\nFROM b\nSHELL [\"sh\", \"-o\", \"pipefail\", \"-c\"]\nRUN x | y\n",
        {},
        {"4"}},
       {"DL4006", "FROM mcr.microsoft.com/dotnet/framework/sdk:4.8\nRUN x | y\n"},
       {"DL4006", "FROM mcr.microsoft.com/windows:20H2\nRUN x | y\n"},
       {"DL4006", "FROM jenkins/agent:windows-ltsc2022\nRUN x | y\n"},
       {"DL4006", "ARG B=mcr.microsoft.com/windows/server:ltsc2022\nFROM $B\nRUN x | y\n"},
       {"DL4006", "FROM a\nRUN echo \"$SUM f\" | sha512sum -c -\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN curl x | sha512sum --check\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN curl x | sha512sum > /sums\n", {"2"}},
       {"DL4006", "FROM a\nRUN curl x | gpg --dearmor > /key\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN yes | x && printf %s \"$(y)\" | z\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN x | grep -q y && z\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN <<E\nx | y\ntrue\nE\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN <<E\nset -e\nx | y\ntrue\nE\n", {"2"}},
       {"DL4006", "FROM a\nRUN echo a | x | y\n", {"2"}},
       {"DL4006", "FROM a\nRUN seq 9 | x\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN [ \"$(find /data -type f | wc -l)\" = \"2\" ]\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN x `a | b`\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN for f in $(git status | awk x); do y $f; done\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN export V=$(a | b) && x\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN if ! a | grep -q b; then x; fi\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN while [ $i ] && a | b; do x; done\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN V=\"$(a | b)\" && x\n", {"2"}},
       {"DL4006", "FROM a\nRUN V=`a | b`; x\n", {"2"}},
       {"DL4006", "FROM a\nRUN if a; then b | c; fi\n", {"2"}},
       {"DL4006", "FROM a\nRUN x | while read l; do y; done\n", {"2"}},
       {"DL4006", "FROM a\nRUN [ \"$(a | b)\" ] && c | d\n", {"2"}},
       {"DL4006", "FROM a\nRUN (a | b)\n", {"2"}},
       {"DL4006", "FROM a\nRUN (echo a; x) | y\n", {"2"}},
       {"DL4006", "FROM a\nRUN { echo a; echo b; } | tee f\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN set -eux; \\\n { \\\n echo a; \\\n echo; \\\n } | tee f\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN x; { echo a; x; } | tee f\n", {"2"}},
       {"DL4006", "FROM a\nRUN for i in a b; do echo $i; done | tee f\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN echo a | while read l; do y; done\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN echo a | tee x | tee y\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN wget -O- x | tee y\n", {"2"}},
       {"DL4006", "FROM a\nRUN echo \"$(x)\" | tee y\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN x \"$(echo a)\" | tee y\n", {"2"}},
       {"DL4006", "FROM a\nRUN find /usr -name '*.so' | xargs strip\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN find /usr -type f -exec ldd {} ';' | awk x | sort -u | y\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN find /x -exec gcc {} ';' | y\n", {"2"}},
       {"DL4006", "FROM a\nRUN mount | grep x && php -m | grep y\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN php x.php | grep y\n", {"2"}},
       {"DL4006", "FROM a\nRUN wget -O- x | sort | y\n", {"2"}},
       {"DL4006", "FROM a\nRUN cat /etc/os-release | grep y\n", {}, {"2"}},
       {"DL4006", "FROM a\nRUN cat x | grep y\n", {"2"}},
       {"DL4006", "FROM dockcross/windows-static-x64:1\nRUN x | y\n", {"2"}}});
}

TEST(HadolintAnswers, ToGoPackages) {
  check_hadolint(
      {{"DL3062", "FROM a\nRUN go install -tags a,b ./...\n"},
       {"DL3062", "FROM a\nRUN go install -tags a,b x.io/t\n", {"2"}},
       {"DL3062", "FROM a\nRUN go install tool x.io/t\n", {}, {"2"}},
       {"DL3062", "FROM a\nRUN go install -ldflags '-s -w' x.io/t@v1\n"},
       {"DL3062", "FROM a\nRUN go run x.io/t@v1 generate --out d ./x install\n"},
       {"DL3062", "FROM a\nRUN go run -mod mod x.io/t serve\n", {"2"}},
       {"DL3062", "FROM a\nRUN go run main.go arg\n"},
       {"DL3062",
        "FROM a\nWORKDIR /go/src/github.com/me/a\nRUN go install github.com/me/a/cmd/b\n",
        {},
        {"3"}},
       {"DL3062", "FROM a\nADD . $GOPATH/src/x.io/a\nRUN go get x.io/a/...\n", {}, {"3"}},
       {"DL3062", "FROM a\nRUN go get x.io/a && cd /go/src/x.io/a && make\n", {"2"}},
       {"DL3062", "FROM a\nRUN go install tool\n", {}, {"2"}},
       {"DL3062", "FROM golang:1.6\nRUN go get x.io/a\n", {}, {"2"}},
       {"DL3062", "FROM golang:1.15-alpine3.12\nRUN go get x.io/a\n", {}, {"2"}},
       {"DL3062", "FROM golang:1.15\nENV GO111MODULE=on\nRUN go get x.io/a\n", {"3"}},
       {"DL3062", "FROM golang:1.15\nRUN GO111MODULE=on go get x.io/a@latest\n", {"2"}},
       {"DL3062", "FROM golang:1.16\nRUN go get x.io/a\n", {"2"}},
       {"DL3062", "FROM golang\nRUN go get x.io/a\n", {"2"}},
       {"DL3062", "ARG V=1.9\nFROM golang:$V\nRUN go get x.io/a\n", {}, {"3"}},
       {"DL3062", "FROM ubuntu:18.04\nRUN apt-get install -y golang && go get x.io/a\n", {}, {"2"}},
       {"DL3062", "FROM alpine:3.20\nRUN apk add go && go get x.io/a\n", {"2"}},
       {"DL3062", "FROM ubuntu:18.04\nRUN wget https://go.dev/dl/go1.22.1.tgz && go get x.io/a\n", {"2"}},
       {"DL3062", "FROM a\nENV GO_VERSION 1.9\nRUN wget x/go$GO_VERSION.tgz && go get x.io/a\n", {}, {"3"}},
       {"DL3062",
        "FROM golang:1.17\nRUN go get -d x.io/a/c && cd /go/src/x.io/a && git checkout v2 && make\n",
        {},
        {"2"}},
       {"DL3062", "FROM golang:1.17\nRUN go get -d x.io/a && cd /go/src/x.io/b && git checkout v2\n", {"2"}},
       {"DL3062", "FROM a\nADD . /go/src/github.com/me/a2\nRUN go get github.com/me/a\n", {"3"}}});
}

TEST(HadolintAnswers, ToPackagesOfTheModule) {
  const test::TemporaryFolder folder;
  folder.write("api/go.mod", "module x.io/a // comment\n\ngo 1.22\n");
  folder.write("go.mod", "module x.io/b\n");
  check_hadolint({{"DL3062", "FROM a\nRUN go install x.io/b/cmd/c\n", {}, {"2"}},
                  {"DL3062", "FROM a\nRUN go install x.io/b/cmd/c@latest\n", {"2"}},
                  {"DL3062", "FROM a\nRUN go install x.io/bc\n", {"2"}}},
                 test::facts_of(folder));
}

TEST(HadolintAnswers, ToValuesOfOptionsAndLocalPaths) {
  check_hadolint({{"DL3013", "FROM a\nRUN pip install --root-user-action ignore flask==3\n"},
                  {"DL3013", "FROM a\nRUN pip install --root-user-action=ignore flask\n", {"2"}},
                  {"DL3013", "FROM a\nRUN pip install --timeout 5 --retries 2 -qt /x flask==3\n"},
                  {"DL3013", "FROM a\nRUN pip install foo/bar\n"},
                  {"DL3013", "FROM a\nRUN pip install file:///src/x\n"},
                  {"DL3013", "FROM a\nRUN pip install git+https://x.io/y\n", {"2"}},
                  {"DL3016", "FROM a\nRUN npm install --omit dev\n"},
                  {"DL3016", "FROM a\nRUN npm install --omit dev express\n", {"2"}},
                  {"DL3016", "FROM a\nRUN npm install -g --unsafe-perm true npm@10.1.0\n"},
                  {"DL3016", "FROM a\nRUN npm install file:///src/x\n"},
                  {"DL3016", "FROM a\nRUN npm install -w web --save-prefix '~' x@1.0.0\n"},
                  {"DL3018", "FROM a\nRUN apk add --arch x86 --cache-dir /c curl=8\n"},
                  {"DL3018", "FROM a\nRUN apk --keys-dir k add curl\n", {"2"}},
                  {"DL3028", "FROM a\nRUN gem install nokogiri:1 -- --use-system-libraries true\n"},
                  {"DL3028", "FROM a\nRUN gem install nokogiri -- --use-system-libraries true\n", {"2"}},
                  {"DL3028", "FROM a\nRUN gem install -g Gemfile\n"},
                  {"DL3033", "FROM a\nRUN yum install -y --enablerepo epel --setopt tsflags=nodocs x-1\n"},
                  {"DL3041", "FROM a\nRUN dnf install -y --releasever 9 x-1\n"},
                  {"DL3037", "FROM a\nRUN zypper install --from repo x=1\n"},
                  {"DL3008", "FROM a\nRUN apt-get install -yo Dpkg::Options::=--force-confdef x=1\n"}});
}

TEST(HadolintAnswers, ToCachesLeft) {
  check_hadolint(
      {{"DL3042", "FROM a\nARG PIP_NO_CACHE_DIR=1\nRUN pip install x\n"},
       {"DL3042", "FROM a\nARG A PIP_NO_CACHE_DIR=on\nRUN pip install x\n"},
       {"DL3042", "FROM a\nARG PIP_NO_CACHE_DIR\nRUN pip install x\n", {"3"}},
       {"DL3042", "FROM a\nARG PIP_NO_CACHE_DIR=0\nRUN pip install x\n", {"3"}},
       {"DL3042", "ARG PIP_NO_CACHE_DIR=1\nFROM a\nARG PIP_NO_CACHE_DIR\nRUN pip install x\n"},
       {"DL3042", "ARG PIP_NO_CACHE_DIR=1\nFROM a\nRUN pip install x\n", {"3"}},
       {"DL3060", "FROM a\nRUN --mount=type=cache,target=/usr/local/share/.cache/yarn/v6 yarn install\n"},
       {"DL3060", "FROM a\nRUN --mount=type=cache,target=/usr/local/share/.cache yarn install\n"},
       {"DL3060",
        "FROM a\nUSER node\nRUN --mount=type=cache,target=/home/node/.cache/yarn yarn install\n",
        {},
        {"3"}},
       {"DL3060", "FROM a\nRUN --mount=type=cache,target=/x yarn install\n", {"2"}},
       {"DL3032", "FROM a\nRUN yum install -y x && yum clean metadata\n", {"2"}},
       {"DL3032", "FROM a\nRUN yum install -y x && yum -y clean all\n"},
       {"DL3040", "FROM a\nRUN dnf install -y x && dnf clean packages\n", {"2"}},
       {"DL3040", "FROM a\nRUN dnf install -y x && microdnf clean all\n", {"2"}},
       {"DL3040", "FROM a\nRUN microdnf install -y x && dnf clean all\n", {"2"}}});
}

TEST(HadolintAnswers, ToFoldersThatAreRemoved) {
  check_hadolint({{"DL3042", "FROM a\nRUN pip install a==1 && rm -rf /root/.cache\n", {}, {"2"}},
                  {"DL3042", "FROM a\nRUN pip install a==1 && rm -rf ~/.cache/*\n", {}, {"2"}},
                  {"DL3042", "FROM a\nRUN pip install a==1 && pip cache purge\n", {}, {"2"}},
                  {"DL3042", "FROM a\nRUN pip install a==1 && rm -rf /tmp/*\n", {"2"}},
                  {"DL3042",
                   "FROM a\nENV PIP_CACHE_DIR=/q\nRUN --mount=type=cache,target=/q pip install a==1\n",
                   {},
                   {"3"}},
                  {"DL3032", "FROM a\nRUN yum install -y a-1 && rm -rf /var/cache/*\n", {}, {"2"}},
                  {"DL3060", "FROM a\nRUN yarn install && rm -rf /usr/local/share/.cache\n", {}, {"2"}},
                  {"DL3028", "FROM a\nRUN gem install a:1 --document ri\n"}});
}

TEST(HadolintAnswers, ToVeryQuietInstalls) {
  check_hadolint({{"DL3014", "FROM a\nRUN apt-get install -q=2 x\n"},
                  {"DL3014", "FROM a\nRUN apt-get install --quiet --quiet x\n"},
                  {"DL3014", "FROM a\nRUN apt-get -q install --quiet x\n"},
                  {"DL3014", "FROM a\nRUN apt-get install --quiet=2 x\n"},
                  {"DL3014", "FROM a\nRUN apt-get install -qq x\n"},
                  {"DL3014", "FROM a\nRUN apt-get install -q=1 x\n", {"2"}},
                  {"DL3014", "FROM a\nRUN apt-get install --quiet x\n", {"2"}}});
}

TEST(HadolintAnswers, ToSourcesOfImages) {
  check_hadolint({{"DL3026", "FROM a\nCOPY --from=evil.io/x:1 /a /b\n", {"2"}},
                  {"DL3026", "FROM a\nRUN --mount=type=bind,from=evil.io/x:1,target=/x make\n", {"2"}},
                  {"DL3026", "FROM a\nONBUILD COPY --from=evil.io/x /a /b\n", {"2"}},
                  {"DL3026", "FROM a AS b\nFROM c\nCOPY --from=b /a /b\nRUN --mount=from=0 make\n"},
                  {"DL3026", "FROM a\nCOPY --from=busybox:1 /a /b\n"},
                  {"DL3022", "ARG I=x\nFROM a\nCOPY --from=$I /a /b\n", {}, {"3"}},
                  {"DL3022", "ARG I=x\nFROM a\nCOPY --from=0 /a /b\n", {}, {"3"}},
                  {"DL3022", "ARG I=x\nFROM a\nFROM b\nCOPY --from=0 /a /b\n"}});
}

TEST(HadolintAnswers, ToLabelsOverStages) {
  check_hadolint({{"DL3049", "FROM a AS b\nLABEL vendor=x\nFROM b AS c\nFROM c\n"},
                  {"DL3049", "FROM a AS b\nFROM b AS c\nFROM c\nLABEL vendor=x\n"},
                  {"DL3049", "FROM a AS b\nFROM b AS c\nLABEL vendor=x\nFROM b\n", {"1", "4"}},
                  {"DL3049", "ARG A\nFROM a\nFROM b\nLABEL vendor=x\nCOPY --from=0 /a /b\n"},
                  {"DL3049", "FROM a AS b\nFROM c\nLABEL vendor=x\nRUN --mount=from=b,target=/x make\n"},
                  {"DL3049", "FROM a AS b\nFROM b\n", {"1", "2"}}});
}

TEST(HadolintAnswers, ToAddedFiles) {
  check_hadolint({{"DL3020", "FROM a\nADD x /x\n", {"2"}},
                  {"DL3020", "FROM a\nARG URL=https://x.io/y\nADD ${URL} .\n", {}, {"3"}},
                  {"DL3020", "FROM a\nENV V=1 U=https://x.io\nADD \"$U/y-$V\" .\n", {}, {"3"}},
                  {"DL3020", "FROM a\nARG F=x.tar.gz\nADD $F .\n", {}, {"3"}},
                  {"DL3020", "FROM a\nARG URL\nADD $URL .\n", {}, {"3"}},
                  {"DL3020", "FROM a\nADD [\"$URL\", \".\"]\n", {}, {"2"}},
                  {"DL3020", "FROM a\nARG D=src\nADD $D/x .\n", {"3"}},
                  {"DL3020", "FROM a\nADD x/$D .\n", {"2"}},
                  {"DL3020", "FROM a AS b\nENV U=https://x.io/y\nFROM b\nADD $U .\n", {}, {"4"}},
                  {"DL3020", "FROM a\nADD https://x.io/y z /x/\n", {"2"}}});
}

TEST(HadolintAnswers, ToListsOfPackages) {
  check_hadolint(
      {{"DL3009", "FROM a\nRUN apt-get update && apt-get install -y x\n", {"2"}},
       {"DL3009", "FROM a\nRUN apt-get update\nRUN apt-get install -y x\n", {}, {"2"}},
       {"DL3009", "FROM a AS b\nRUN apt-get update\nFROM b\nRUN apt-get install -y x\n", {}, {"2"}},
       {"DL3009", "FROM a\nRUN apt-get update\n", {}, {"2"}},
       {"DL3009", "FROM a\nRUN apt-get update && apt-get upgrade -y\n", {"2"}},
       {"DL3009", "FROM a\nRUN apt-get update\nRUN apt-get update && apt-get install -y x\n", {"2", "3"}}});
}

TEST(HadolintAnswers, ToNamesThatAreNoStage) {
  check_hadolint({{"DL3022", "FROM a\nCOPY --from=assets /a /b\n", {}, {"2"}},
                  {"DL3022", "FROM a AS build\nFROM b\nCOPY --from=assets /a /b\n", {}, {"3"}},
                  {"DL3022", "FROM a AS build\nFROM b\nCOPY --from=buidl /a /b\n", {"3"}},
                  {"DL3022", "FROM a AS builder\nFROM b\nCOPY --from=build /a /b\n", {"3"}},
                  {"DL3022", "FROM a\nCOPY --from=later /a /b\nFROM b AS later\n", {"2"}},
                  {"DL3022", "FROM a\nCOPY --from=composer /a /b\n", {"2"}},
                  {"DL3022", "FROM a\nCOPY --from=me/app /a /b\n", {"2"}},
                  {"DL3022", "FROM a\nCOPY --from=7 /a /b\n", {}, {"2"}},
                  {"DL3022", "FROM a\nCOPY --from=composer:2 /a /b\n"}});
}

TEST(HadolintAnswers, ToCommandsInShellForm) {
  check_hadolint({{"DL3025", "FROM a\nCMD x\n", {"2"}},
                  {"DL3025", "FROM a\nHEALTHCHECK CMD x | grep y\n", {"2"}},
                  {"DL3025", "FROM a\nHEALTHCHECK cmd x\n", {"2"}},
                  // No builder accepts it, which is all that there is to say.
                  {"DL3025", "FROM a\nHEALTHCHECK NONE x\n", {}},
                  {"DL3025", "FROM a\nHEALTHCHECK sometimes x\n", {}},
                  {"DL3025", "FROM a\nENTRYPOINT exec java $JAVA_OPTS\n", {}, {"2"}},
                  {"DL3025", "FROM a\nCMD prepare && exec x\n", {}, {"2"}},
                  {"DL3025", "FROM a\nCMD exec x | y\n", {"2"}}});
}

TEST(HadolintAnswers, ToRootThatIsGivenUp) {
  check_hadolint(
      {{"DL3002", "FROM a\nUSER root\nCMD [\"x\"]\n", {"2"}},
       {"DL3002", "FROM a\nRUN apt-get install -y gosu\nUSER root\nENTRYPOINT [\"/x\"]\n", {}, {"3"}},
       {"DL3002", "FROM a\nUSER root\nENTRYPOINT [\"su-exec\", \"app\", \"x\"]\n", {}, {"2"}},
       {"DL3002", "FROM a\nUSER root\nCMD exec su app -c x\n", {}, {"2"}},
       {"DL3002", "FROM a\nCOPY <<E /start\nexec setpriv --reuid=1 x\nE\nUSER root\n", {}, {"5"}},
       {"DL3002", "FROM a\nUSER root\nCMD [\"/usr/sbin/php-fpm8.2\", \"-F\"]\n", {}, {"2"}},
       {"DL3002", "FROM a\nUSER root\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n", {}, {"2"}},
       {"DL3002", "FROM nginx:1\nUSER root\nCOPY a b\n", {}, {"2"}},
       {"DL3002", "FROM nginx:1\nUSER root\nCMD [\"x\"]\n", {"2"}},
       {"DL3002", "FROM a\nUSER root\nRUN su app -c x\nCMD [\"x\"]\n", {"2"}},
       {"DL3002", "FROM a\nUSER root\nRUN echo 'su app -c x' >/start\nCMD [\"/start\"]\n", {}, {"2"}},
       {"DL3002", "FROM a\nUSER root\nRUN ensu x\n", {"2"}}});
}

TEST(HadolintAnswers, ToCommandsThatOnlyTheStepUses) {
  check_hadolint(
      {{"DL3001", "FROM a\nRUN mount\n", {}, {"2"}},
       {"DL3001", "FROM a\nRUN mount -t proc p /proc\n", {"2"}},
       {"DL3001", "FROM a\nRUN service mysql start && mysql -e x\n", {}, {"2"}},
       {"DL3001", "FROM a\nRUN service mysql start && mysql -e x && service mysql stop\n", {}, {"2"}},
       {"DL3001", "FROM a\nRUN x && service a start && service b start\n", {"2"}},
       {"DL3001", "FROM a\nRUN service mysql status && x\n", {"2"}},
       {"DL3001", "FROM a\nRUN x & sleep 1 && y && kill $!\n", {}, {"2"}},
       {"DL3001", "FROM a\nRUN x && kill 1\n", {"2"}}});
}

TEST(HadolintAnswers, ToNumbersOfUsers) {
  check_hadolint({{"DL3046", "FROM a\nRUN useradd -u 123456 x\n", {"2"}},
                  {"DL3046", "FROM a\nENV ID=999\nRUN useradd -u $ID x\n", {}, {"3"}},
                  {"DL3046", "FROM a\nARG UID=1001\nRUN useradd -m -u \"${UID}\" x\n", {}, {"3"}},
                  {"DL3046", "FROM a\nARG UID=1000200\nRUN useradd -u ${UID} x\n", {"3"}},
                  {"DL3046", "FROM a\nARG UID\nRUN useradd -u $UID x\n", {"3"}},
                  {"DL3046", "FROM a\nRUN useradd -u $(id -u) x\n", {}, {"2"}},
                  {"DL3046", "FROM a\nRUN useradd -u $UID x\n", {}, {"2"}},
                  {"DL3046", "FROM a\nARG UID\nRUN useradd -l -u $UID x\n"}});
}

TEST(HadolintAnswers, ToInstallersOfPython) {
  check_hadolint({{"DL3013", "FROM a\nRUN pip install --upgrade pip\n", {}, {"2"}},
                  {"DL3013", "FROM a\nRUN pip install -U pip setuptools wheel\n", {}, {"2"}},
                  {"DL3013", "FROM a\nRUN pip install -U pip flask\n", {"2"}},
                  {"DL3013", "FROM a\nRUN pip install poetry\n", {"2"}}});
}

// What hadolint does not look at.
TEST(HadolintAnswers, LeaveOtherInstallsOut) {
  struct OwnCase {
    const char* code;
    const char* run;
    bool found;
  };
  for (const OwnCase& c : {OwnCase{"DL3013", "uv pip install --system flask", true},
                           {"DL3013", "uv pip install --system --index https://x.io/ flask==3.0", false},
                           {"DL3013", "uv tool install ruff", true},
                           {"DL3013", "uv tool install ruff@0.5.0", false},
                           {"DL3013", "uv python install 3.12", false},
                           {"DL3013", "uv pip install -r requirements.txt", false},
                           {"DL3013", "pip install https://x.io/a/archive/main.zip", true},
                           {"DL3013", "pip install https://x.io/a/archive/refs/heads/x.tar.gz", true},
                           {"DL3013", "pip install https://x.io/a/archive/v1.2.zip", false},
                           {"DL3014", "apt install curl", true},
                           {"DL3014", "apt install -y curl", false},
                           {"DL3015", "apt install -y curl", true},
                           {"DL3015", "apt install -y --no-install-recommends curl", false},
                           {"DL3016", "npm i -g yarn", true},
                           {"DL3016", "npm i", false},
                           {"DL3016", "npm i express@4.1.0", false},
                           {"DL3016", "npm add express", true},
                           {"DL3016", "npm install -g npm@latest", true},
                           {"DL3016", "npm run i", false},
                           {"DL3016", "pnpm add -g turbo", true},
                           {"DL3016", "pnpm install", false},
                           {"DL3016", "yarn global add x", true},
                           {"DL3016", "yarn global add x@1.0.0", false}}) {
    const std::string dockerfile = std::string("FROM a\nRUN ") + c.run + "\n";
    const HadolintCase answer{c.code, dockerfile.c_str()};
    lint::Config config;
    config.profile = lint::Profile::kAll;
    EXPECT_EQ(hadolint_lines(answer, config), c.found ? Texts{"2"} : Texts{}) << c.code << " " << c.run;
    config.profile = lint::Profile::kHadolint;
    EXPECT_EQ(hadolint_lines(answer, config), Texts{}) << c.code << " " << c.run;
  }
}

TEST(HadolintAnswers, ToWhatIsOnlyWrittenOtherwise) {
  check_hadolint({{"DL3021", "FROM a\nCOPY a b c\n", {"2"}},
                  {"DL3021", "FROM a\nCOPY a b .\n", {}, {"2"}},
                  {"DL3021", "FROM a\nCOPY a b \"x/..\"\n", {}, {"2"}},
                  {"DL3021", "FROM a\nCOPY a b x.\n", {"2"}},
                  {"DL3066", "FROM a\nUSER app\n", {"2"}},
                  {"DL3066", "FROM a\nUSER root\n", {}, {"2"}},
                  {"DL3066", "FROM a\nUSER root:app\n", {}, {"2"}}});
}

TEST(HadolintAnswers, ToImagesWithoutHealthcheck) {
  const HadolintCase two{"DL3057", "FROM a AS b\nFROM c\n"};
  lint::Config all;
  all.profile = lint::Profile::kAll;
  EXPECT_EQ(hadolint_lines(two, all), Texts{"2"});
  EXPECT_EQ(hadolint_lines(two, test::config_selecting({"DL3057"})), (Texts{"1", "2"}));
}

// What a finding says, for what was misleading.
struct WordsCase {
  const char* code;
  const char* dockerfile;
  const char* words;
};

TEST(HadolintAnswers, NameWhatIsThere) {
  for (const WordsCase& c :
       {WordsCase{"DL4006", "FROM alpine:3\nRUN x | y\n", "[\"/bin/ash\", \"-o\""},
        {"DL4006", "FROM docker:27 AS b\nFROM b\nRUN x | y\n", "\"/bin/ash\""},
        {"DL4006", "FROM debian:12\nRUN x | y\n", "\"/bin/bash\""},
        {"DL3003", "FROM a\nRUN git clone x y && cd y && make\n", "split the RUN"},
        {"DL3003", "FROM a\nRUN cd y && mkdir z\n", "put WORKDIR above"},
        {"DL3047", "FROM alpine:3\nRUN wget x\n", "write wget -q"},
        {"DL3047", "FROM alpine:3\nRUN apk add wget && wget x\n", "--progress"},
        {"DL3061", "RUM x\nFROM a\n", "RUM is above"},
        {"DL3062", "FROM a\nRUN go install x.io/t@latest\n", "write x.io/t@VERSION"},
        {"DL3062", "FROM a\nRUN go get x.io/t\n",
         "write go install x.io/t@VERSION: outside a module, go get installs nothing since Go 1.18"},
        {"DL3062", "FROM a\nRUN go mod init m && go get x.io/t\n", "write x.io/t@VERSION"},
        {"DL3062", "FROM a\nRUN go get -d x.io/t\n", "write x.io/t@VERSION"},
        {"DL3013", "FROM a\nRUN pip install a b && pip install b a\n", "a, b have no version:"},
        {"DL3013", "FROM a\nRUN pip install git+https://x.io/y#egg=y\n", "y@TAG#egg=y"},
        {"DL3016", "FROM a\nRUN npm install me/app\n", "write me/app#TAG"},
        {"DL3016", "FROM a\nRUN npm install @me/app\n", "write @me/app@VERSION"},
        {"DL3016", "FROM a\nRUN npm install ci\n", "write npm ci"},
        {"DL3041", "FROM a\nRUN dnf install -y x\nRUN dnf module install -y z\n", "write x-VERSION"},
        {"DL3020", "FROM a\nADD https://x.io/y z /x/\n", "keep ADD for the other sources"},
        {"DL3013", "FROM a\nRUN pip install flask\n", "flask has no version:"},
        {"DL3013", "FROM a\nRUN pip install a==1 opencv>=4.8.0.76,<5\n",
         "the shell takes >=4.8.0.76,<5 for a redirection, to the file '=4.8.0.76,': opencv has no version: "
         "write 'opencv>=4.8.0.76,<5', in quotes"},
        {"DL3013", "FROM a\nRUN pip install a > /log\n", "a has no version:"},
        {"DL3013", "FROM a\nRUN pip install a>/log\n", "a has no version:"},
        {"DL3018", "FROM alpine\nRUN apk add nodejs>=18\n", "write 'nodejs>=18', in quotes"},
        {"InvalidDefaultArgInFrom", "FROM a AS Build\nFROM Build\n",
         "Build is not an image: the stage in line 1 is called build: write FROM build"},
        {"InvalidDefaultArgInFrom", "FROM Debian:12\n", "capital letters: write debian:12"},
        {"InvalidDefaultArgInFrom", "ARG V=\nFROM a:$V\n", "give its ARG a default value"},
        {"DL3060", "FROM a\nRUN yarn install\n", "target=/usr/local/share/.cache/yarn"},
        {"DL3032", "FROM a\nRUN yum install -y x\n", "'yum clean all'"},
        {"DL3040", "FROM a\nRUN microdnf install -y x\n", "'microdnf clean all'"},
        {"DL3040", "FROM ubi9-minimal\nRUN microdnf install -y x\n", "target=/var/cache/yum"},
        {"DL3040", "FROM fedora:41\nRUN dnf install -y x\n", "target=/var/cache/libdnf5"},
        {"DL3032", "FROM rockylinux:9\nRUN yum install -y x\n", "target=/var/cache/dnf"},
        {"DL3022", "FROM a\nCOPY --from=$I /a /b\n", "is refused"},
        {"DL3042", "FROM python:3\nRUN pip install a==1\n", "cache,target=/root/.cache/pip"},
        {"DL3042", "FROM python:3-alpine\nRUN pip install a==1\n",
         "cache,id=pip-alpine,target=/root/.cache/pip"},
        {"DL3025", "FROM a\nCMD x | y\n", "needs a shell: write CMD [\"/bin/sh\""},
        {"DL3025", "FROM a\nHEALTHCHECK CMD x | y\n", "a shell starts this health check"},
        {"DL3025", "FROM a\nHEALTHCHECK CMD x y\n", "CMD [\"x\", \"y\"]"},
        {"DL3022", "FROM a\nCOPY --from=x /a /b\n", "this means a named context"},
        {"DL3022", "FROM a AS build\nFROM b\nCOPY --from=buidl /a /b\n", "did you mean build?"},
        {"DL3022", "FROM a\nCOPY --from=build /a /b\nFROM b AS build\n", "move the stage build above"}}) {
    const lint::Config config = test::config_selecting({c.code});
    const lint::Linter linter(lint::catalogue(), config);
    const dockerfile::File file = dockerfile::parse(c.dockerfile);
    const auto found = linter.lint(file, {}).diagnostics;
    const auto own = std::ranges::find(found, c.code, &lint::Diagnostic::rule);
    ASSERT_NE(own, found.end()) << c.dockerfile;
    EXPECT_NE(own->sentence().find(c.words), std::string::npos) << own->sentence();
  }
}

}  // namespace
}  // namespace dcache
