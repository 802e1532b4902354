// Which cache mounts DC1003 offers, where, and when it calls them safe.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using lint::Diagnostic;

// "2 safe /root/.npm" for each finding: its line, what is offered ("none" where there is no fix) and the
// targets that its remedy names. Separated by "; ".
std::string offered_mounts(const std::string& text, const lint::BuildFacts& facts = {}) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(text);
  std::string all;
  const lint::Findings findings = linter.lint(file, facts);
  EXPECT_TRUE(findings.bad_fixes.empty()) << text;
  test::expect_reasons(findings);
  for (const Diagnostic& diagnostic : findings.diagnostics) {
    all += (all.empty() ? "" : "; ") + std::to_string(file.lines().line_of(diagnostic.span.begin));
    all += !diagnostic.fix ? " none" : diagnostic.fix->is_safe() ? " safe" : " unsafe";
    re2::StringPiece rest(diagnostic.remedy);
    for (std::string target; RE2::FindAndConsume(&rest, "target=([^,; ]+)", &target);)
      all += " " + target;
  }
  return all;
}

TEST(CacheMountFlags, LeaveNoLineWithAContinuationAlone) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  for (const std::string end : {"\n", "\r\n"}) {
    const std::string text = "FROM debian:12" + end + "RUN \\" + end + "    apt-get update && \\" + end +
                             "    apt-get install -y make" + end;
    EXPECT_EQ(lint::apply_fixes(linter, text, {}, true).text,
              "FROM debian:12" + end + "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\" +
                  end + "    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\" + end +
                  "    rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && \\" + end +
                  "    apt-get install -y make" + end);
  }
}

struct MountCase {
  const char* name;
  const char* text;
  const char* expected;
};

void PrintTo(const MountCase& one, std::ostream* out) {
  *out << one.name;
}

class CacheMounts : public testing::TestWithParam<MountCase> {};

TEST_P(CacheMounts, AreOffered) {
  EXPECT_EQ(offered_mounts(GetParam().text), GetParam().expected) << GetParam().text;
}

std::string name_of(const testing::TestParamInfo<MountCase>& info) {
  return info.param.name;
}

// The folder that the tool really uses.
INSTANTIATE_TEST_SUITE_P(
    Places, CacheMounts,
    testing::Values(
        MountCase{
            "GoOnItsImage",
            "FROM golang:1.22 AS b\nRUN go build -o /x .\nFROM scratch\nCOPY --from=b /x /x\nCMD [\"/x\"]\n",
            "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoOnAMirrorOfItsImage",
            "FROM reg.io/library/golang:1.22 AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
            "2 safe /go/pkg/mod"},
        MountCase{"GoOnADistribution",
                  "FROM alpine AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /root/go/pkg/mod"},
        MountCase{"GoOnAnUnknownImage",
                  "FROM corp/base AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 none FOLDER"},
        MountCase{
            "GoPath",
            "FROM golang AS b\nENV GOPATH=/w:/v\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
            "3 safe /w/pkg/mod"},
        MountCase{"GoModCacheBeforeTheCommand",
                  "FROM golang AS b\nRUN GOMODCACHE=/m go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /m"},
        MountCase{
            "GoEnv",
            "FROM golang AS b\nRUN go env -w GOMODCACHE=/m && go mod download\nFROM scratch\nCOPY --from=b "
            "/x /x\n",
            "2 none FOLDER"},
        MountCase{"GoVendored",
                  "FROM golang AS b\nRUN go build -mod=vendor .\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /root/.cache/go-build"},
        MountCase{
            "GoVendorCopied",
            "FROM golang AS b\nCOPY vendor ./vendor\nRUN go build .\nFROM scratch\nCOPY --from=b /x /x\n",
            "3 safe /root/.cache/go-build"},
        MountCase{"Npm", "FROM node\nRUN npm ci\n", "2 safe /root/.npm"},
        MountCase{"NpmConfig", "FROM node\nENV npm_config_cache=/n\nRUN npm ci\n", "3 safe /n"},
        MountCase{"NpmOption", "FROM node\nRUN npm ci --cache /tmp/n\n", "2 safe /tmp/n"},
        MountCase{"NpmOptionWithEquals", "FROM node\nRUN npm ci --cache=/tmp/n\n", "2 safe /tmp/n"},
        MountCase{"NpmConfigSet", "FROM node\nRUN npm config set cache /n\nRUN npm ci\n", "3 none FOLDER"},
        MountCase{"Numbered", "FROM node\nUSER 1001\nRUN npm ci\n", "3 none FOLDER"},
        MountCase{"NumberedWithHome", "FROM node\nENV HOME=/h\nUSER 1001\nRUN npm ci\n", "4 unsafe /h/.npm"},
        MountCase{"NamedOfLettersLikeOptions", "FROM node\nUSER iu\nRUN npm ci\n", "3 none /home/iu/.npm"},
        MountCase{"PipVariableBeforeTheCommand", "FROM python\nRUN PIP_CACHE_DIR=/q pip install a\n",
                  "2 safe /q"},
        MountCase{"PipVariableExported", "FROM python\nRUN export PIP_CACHE_DIR=/q && pip install a\n",
                  "2 safe /q"},
        MountCase{"PipVariableOfTheShell", "FROM python\nRUN PIP_CACHE_DIR=$(pwd)/q pip install a\n",
                  "2 none FOLDER"},
        MountCase{"PipXdg", "FROM python\nENV XDG_CACHE_HOME=/c\nRUN pip install a\n", "3 safe /c/pip"},
        MountCase{"Pnpm", "FROM node\nENV PNPM_HOME=/pnpm\nRUN pnpm install\n", "3 safe /pnpm/store"},
        MountCase{"CargoOnItsImage", "FROM rust AS b\nRUN cargo build\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /usr/local/cargo/registry"},
        MountCase{"CargoOnADistribution",
                  "FROM debian AS b\nRUN cargo build\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /root/.cargo/registry"},
        MountCase{"CargoHome",
                  "FROM debian AS b\nENV CARGO_HOME=/c\nRUN cargo build\nFROM scratch\nCOPY --from=b /x /x\n",
                  "3 safe /c/registry"},
        MountCase{
            "MavenOption",
            "FROM maven AS b\nRUN mvn -Dmaven.repo.local=/r package\nFROM scratch\nCOPY --from=b /x /x\n",
            "2 safe /r"},
        MountCase{"Gradle", "FROM gradle AS b\nRUN gradle build\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 safe /root/.gradle/caches"},
        MountCase{"ComposerImage", "FROM composer\nRUN composer install\n", "2 safe /tmp/cache"},
        MountCase{"ComposerElsewhere", "FROM php:8\nRUN composer install\n", "2 none FOLDER"},
        MountCase{"BundlerOnItsImage", "FROM ruby\nRUN bundle install\n", "2 safe /usr/local/bundle/cache"},
        MountCase{"BundlerPath", "FROM ruby\nENV BUNDLE_PATH=/b\nRUN bundle install\n", "3 none FOLDER"},
        MountCase{"BundlerDeployment", "FROM ruby:3.4\nENV BUNDLE_DEPLOYMENT=1\nRUN bundle install\n",
                  "3 none FOLDER"},
        MountCase{"BundlerNoDeployment", "FROM ruby:3.4\nENV BUNDLE_DEPLOYMENT=false\nRUN bundle install\n",
                  "3 safe /usr/local/bundle/cache"},
        MountCase{"BundlerDeploymentOption", "FROM ruby:3.4\nRUN bundle install --deployment\n",
                  "2 none FOLDER"},
        MountCase{"DnfOfFedora40", "FROM fedora:40\nRUN dnf install -y a\n", "2 unsafe /var/cache/dnf"},
        MountCase{"DnfOfFedora41", "FROM fedora:41\nRUN dnf install -y a\n", "2 unsafe /var/cache/libdnf5"},
        MountCase{"DnfOfTheNewestFedora", "FROM reg.io/fedora\nRUN dnf install -y a\n",
                  "2 unsafe /var/cache/libdnf5"},
        MountCase{
            "DnfOfAFedoraByDigest",
            "FROM fedora@sha256:0123456789012345678901234567890123456789012345678901234567890123\nRUN dnf "
            "install -y a\n",
            "2 none FOLDER"},
        MountCase{"DnfWithTheMountOfDnf4",
                  "FROM fedora:42\nRUN --mount=type=cache,target=/var/cache/dnf dnf install -y a\n",
                  "2 unsafe /var/cache/libdnf5"},
        MountCase{"DnfOfAlma", "FROM almalinux:9\nRUN dnf install -y a\n", "2 unsafe /var/cache/dnf"},
        MountCase{"DnfElsewhere", "FROM corp/base\nRUN dnf install -y a\n", "2 none FOLDER"},
        MountCase{"MicrodnfOfUbi", "FROM reg.io/ubi9/ubi-minimal\nRUN microdnf install -y a\n",
                  "2 unsafe /var/cache/yum"},
        MountCase{"MicrodnfOfUbiPython",
                  "FROM reg.io/ubi9/python-311\nRUN microdnf install -y "
                  "a\n",
                  "2 unsafe /var/cache/yum"},
        MountCase{"MicrodnfOfFedora", "FROM fedora-minimal:41\nRUN microdnf install -y a\n",
                  "2 unsafe /var/cache/libdnf5"},
        MountCase{"YumOfRocky", "FROM rockylinux:9\nRUN yum install -y a\n", "2 unsafe /var/cache/dnf"},
        MountCase{"YumOfUbi", "FROM redhat/ubi9\nRUN yum install -y a\n", "2 unsafe /var/cache/dnf"},
        MountCase{"YumOfCentos7", "FROM centos:centos7\nRUN yum install -y a\n", "2 unsafe /var/cache/yum"},
        MountCase{"YumOfAmazonLinux2", "FROM amazonlinux:2\nRUN yum install -y a\n",
                  "2 unsafe /var/cache/yum"},
        MountCase{"YumOfAmazonLinux2023", "FROM amazonlinux:2023\nRUN yum install -y a\n",
                  "2 unsafe /var/cache/dnf"},
        MountCase{"UserOfTheSystem", "FROM golang:1.25-alpine\nUSER nobody\nRUN go build .\n",
                  "3 none /go/pkg/mod FOLDER"},
        MountCase{"UserOfTheSystemWithHome", "FROM node\nUSER www-data\nENV HOME=/h\nRUN npm ci\n",
                  "4 none /h/.npm"},
        MountCase{"YarnOfAnotherUser", "FROM node\nENV HOME=/h\nUSER 5\nRUN yarn install\n",
                  "4 unsafe /h/.cache/yarn"},
        MountCase{"SudoAsAnotherUser", "FROM node\nRUN sudo -u app npm ci\n", "2 none FOLDER"},
        MountCase{"SudoLettersAndUser", "FROM node\nRUN sudo -Hu app npm ci\n", "2 none FOLDER"},
        MountCase{"SudoInText", "FROM node\nRUN sudo --user=app sh -c 'npm ci'\n", "2 none FOLDER"},
        MountCase{"SudoAsRoot", "FROM node\nRUN sudo -E npm ci\n", "2 safe /root/.npm"},
        MountCase{"SudoToRoot", "FROM node\nUSER 1000\nRUN sudo npm install -g a\n", "3 none FOLDER"},
        MountCase{"SudoForTheSystem", "FROM debian\nUSER 1000\nRUN sudo apt-get install -y a\n",
                  "3 none /var/cache/apt"},
        MountCase{"AptWithLists", "FROM debian\nRUN apt-get update && apt-get install -y a\n",
                  "2 unsafe /var/cache/apt /var/lib/apt/lists"},
        MountCase{"AptByListsOfALayer", "FROM debian\nRUN apt-get update\nRUN apt-get install -y a\n",
                  "3 unsafe /var/cache/apt"},
        MountCase{"AptListsForALaterStep",
                  "FROM debian\nRUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\n",
                  "2 unsafe /var/cache/apt; 3 unsafe /var/cache/apt"},
        MountCase{"SudoDropsVariables", "FROM node\nENV npm_config_cache=/n\nRUN sudo -u app npm ci\n",
                  "3 none FOLDER"},
        MountCase{"GosuAsAnotherUser", "FROM node\nRUN gosu app npm ci\n", "2 none FOLDER"},
        MountCase{"GosuKeepsVariables", "FROM node\nENV npm_config_cache=/n\nRUN gosu app:app npm ci\n",
                  "3 none /n"},
        MountCase{"SuExecAsAnotherUser", "FROM golang\nRUN su-exec 1000 go build .\n",
                  "2 none FOLDER FOLDER"},
        MountCase{"SuExecAsTheSame", "FROM node\nUSER app\nENV HOME=/h\nRUN su-exec app npm ci\n",
                  "4 none /h/.npm"},
        MountCase{
            "EnvWithVariables",
            "FROM golang AS b\nRUN env GOOS=linux CGO_ENABLED=0 go build .\nFROM scratch\nCOPY --from=b /x "
            "/x\n",
            "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"YarnOfTheProject", "FROM node\nCOPY package.json .yarnrc.yml ./\nRUN yarn install\n",
                  "3 none FOLDER"},
        MountCase{"YarnReleasesOfTheProject", "FROM node\nCOPY .yarn ./.yarn\nRUN yarn install\n",
                  "3 none FOLDER"},
        MountCase{"YarnWithCorepack", "FROM node\nRUN corepack enable\nRUN yarn install\n", "3 none FOLDER"},
        MountCase{"Poetry", "FROM python\nRUN poetry install\n",
                  "2 safe /root/.cache/pypoetry/cache /root/.cache/pypoetry/artifacts"},
        MountCase{"PoetryVariable", "FROM python\nENV POETRY_CACHE_DIR=/p\nRUN poetry install\n",
                  "3 safe /p/cache /p/artifacts"}),
    name_of);

// What is used from the folder later.
INSTANTIATE_TEST_SUITE_P(
    Needs, CacheMounts,
    testing::Values(
        MountCase{"PublishWithoutRestore",
                  "FROM sdk AS b\nRUN dotnet restore\nRUN dotnet publish --no-restore -o /o\nFROM rt\nCOPY "
                  "--from=b /o /o\n",
                  "2 none /root/.nuget/packages"},
        MountCase{
            "PublishInOneRun",
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nRUN dotnet restore && dotnet publish -o /o\nFROM "
            "rt\nCOPY --from=b /o /o\n",
            "2 safe /root/.nuget/packages"},
        MountCase{
            "BothStepsMounted",
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nRUN dotnet restore\nRUN dotnet publish -o /o\nFROM "
            "rt\nCOPY --from=b /o /o\n",
            "2 safe /root/.nuget/packages; 3 safe /root/.nuget/packages"},
        MountCase{
            "MavenOffline",
            "FROM maven AS b\nRUN mvn dependency:go-offline\nRUN mvn -o package\nFROM rt\nCOPY --from=b /x "
            "/x\n",
            "2 none /root/.m2/repository"},
        MountCase{"EntrypointWithoutRestore",
                  "FROM sdk\nRUN dotnet restore\nENTRYPOINT [\"dotnet\",\"test\",\"--no-restore\"]\n",
                  "2 unsafe /root/.nuget/packages"},
        MountCase{"GoVerifyInTheRunThatGetsAMount",
                  "FROM golang:1.22 AS b\nRUN go mod download && go mod verify\nRUN go build -o /x .\nFROM "
                  "scratch\nCOPY --from=b /x /x\nCMD [\"/x\"]\n",
                  "2 safe /go/pkg/mod; 3 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoRunInTheImage", "FROM golang\nRUN go mod download\nCMD [\"go\",\"run\",\".\"]\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"GoImageWithoutCommand", "FROM golang\nRUN go mod download\n", "2 unsafe /go/pkg/mod"},
        MountCase{"GoBinaryInTheImage", "FROM golang\nRUN go build -o /app .\nCMD [\"/app\"]\n",
                  "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"MakeBuildsLater",
                  "FROM golang AS b\nRUN go mod download\nRUN make\nFROM scratch\nCOPY --from=b /x /x\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{
            "OfflineProxy",
            "FROM golang AS b\nRUN go mod download\nENV GOPROXY=off\nRUN go build .\nFROM scratch\nCOPY "
            "--from=b /x /x\n",
            "2 none /go/pkg/mod"},
        MountCase{"AnotherStageNeedsIt",
                  "FROM golang AS d\nRUN go mod download\nFROM d AS b\nRUN ./build.sh\nFROM scratch\nCOPY "
                  "--from=b /x /x\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"CopiedWhole", "FROM golang AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b / /\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"NpmOffline", "FROM node\nRUN npm ci\nRUN npm install --offline\n", "2 none /root/.npm"},
        MountCase{"NpmScriptsNeedNoCache",
                  "FROM node\nRUN npm ci\nRUN npm run build\nCMD [\"npm\",\"start\"]\n", "2 safe /root/.npm"},
        MountCase{"CargoRun", "FROM rust\nRUN cargo build\nCMD cargo run\n",
                  "2 unsafe /usr/local/cargo/registry"},
        MountCase{"LaterStepWithoutNetwork",
                  "FROM golang AS b\nRUN go mod download\nRUN --network=none go build .\nFROM scratch\nCOPY "
                  "--from=b /x /x\n",
                  "2 unsafe /go/pkg/mod"}),
    name_of);

// What a mount would hide, or get into the way of.
INSTANTIATE_TEST_SUITE_P(
    Ways, CacheMounts,
    testing::Values(
        MountCase{"SettingsBesideTheRepository",
                  "FROM maven AS b\nCOPY settings.xml /root/.m2/settings.xml\nRUN mvn package\nFROM rt\nCOPY "
                  "--from=b /x /x\n",
                  "3 safe /root/.m2/repository"},
        MountCase{"GradlePropertiesBesideTheCaches",
                  "FROM gradle AS b\nCOPY gradle.properties /root/.gradle/gradle.properties\nRUN gradle "
                  "build\nFROM rt\nCOPY --from=b /x /x\n",
                  "3 safe /root/.gradle/caches"},
        MountCase{
            "RepositoryCopied",
            "FROM maven AS b\nCOPY repo /root/.m2/repository\nRUN mvn package\nFROM rt\nCOPY --from=b /x "
            "/x\n",
            "3 none /root/.m2/repository"},
        MountCase{"FolderAroundCopied",
                  "FROM maven AS b\nCOPY .m2 /root/.m2\nRUN mvn package\nFROM rt\nCOPY --from=b /x /x\n",
                  "3 none /root/.m2/repository"},
        MountCase{"WrittenByARun", "FROM node\nRUN cp -r /x /root/.npm/_cacache\nRUN npm ci\n",
                  "3 none /root/.npm"},
        MountCase{
            "SettingsInTheSameRun",
            "FROM maven AS b\nRUN cp settings.xml ~/.m2/ && mvn package\nFROM rt\nCOPY --from=b /x /x\n",
            "2 none /root/.m2/repository"},
        MountCase{"RemovalOfAParent", "FROM python\nRUN pip install a && rm -rf /root/.cache\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalOfAParentInTheHome", "FROM python\nRUN pip install a && rm -rf ~/.cache\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalOfAllInAParent", "FROM python\nRUN pip install a && rm -rf $HOME/.cache/*\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalOfTheFolder", "FROM python\nRUN pip install a && rm -rf /root/.cache/pip\n",
                  "2 safe /root/.cache/pip"},
        MountCase{"RemovalOfAllHiddenOnes", "FROM python\nRUN pip install a && rm -rf /root/.*\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalOfTheHome", "FROM python\nRUN pip install a && rm -rf ~\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalInAFolder", "FROM python\nRUN pip install a && cd && rm -rf .cache\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovalOfSomethingElse", "FROM python\nRUN pip install a && rm -rf /tmp/x\n",
                  "2 safe /root/.cache/pip"},
        MountCase{
            "RemovalOfGoPath",
            "FROM golang AS b\nRUN go build -o /x . && rm -rf /go/pkg\nFROM scratch\nCOPY --from=b /x /x\n",
            "2 none /go/pkg/mod /root/.cache/go-build"},
        MountCase{"YarnsCacheRemoved", "FROM node\nRUN yarn install && rm -rf /usr/local/share/.cache\n",
                  "2 unsafe /usr/local/share/.cache/yarn"},
        MountCase{"Tmpfs", "FROM python\nRUN --mount=type=tmpfs,target=/root/.cache/pip pip install a\n", ""},
        MountCase{"StageNamedScratch", "FROM python AS scratch\nRUN pip install a\n",
                  "2 none /root/.cache/pip"},
        MountCase{"JsonFormThatKeepsNothing",
                  "FROM python\nRUN [\"pip\",\"install\",\"--no-cache-dir\",\"a\"]\n",
                  "2 none /root/.cache/pip"},
        MountCase{"LinksIntoTheCache", "FROM python\nENV UV_LINK_MODE=symlink\nRUN uv sync\n",
                  "3 none /root/.cache/uv"}),
    name_of);

// What takes files out of the folder otherwise than by the package manager needs them in a layer.
INSTANTIATE_TEST_SUITE_P(
    Takers, CacheMounts,
    testing::Values(
        MountCase{"CopiedInALaterStep", "FROM golang AS b\nRUN go mod download\nRUN cp /go/pkg/mod/x/a /a\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"CopiedByVariable",
                  "FROM golang AS b\nRUN go mod download\nRUN cp $GOPATH/pkg/mod/x/a /a\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"AskedFor", "FROM golang AS b\nRUN go mod download\nRUN cp -r $(go env GOMODCACHE) /a\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"FolderAround", "FROM golang AS b\nRUN go mod download\nRUN tar cf /x.tar /go\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"WorkdirInIt", "FROM golang AS b\nRUN go mod download\nWORKDIR /go/pkg/mod\nRUN cp x /y\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"CopyByVariable",
                  "FROM golang AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b $GOPATH/pkg /go/pkg\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{"InAHeredoc",
                  "FROM maven\nRUN mvn -B verify\nRUN <<E\ncp -r /root/.m2 /deps\nE\nCMD [\"/x\"]\n",
                  "2 unsafe /root/.m2/repository"},
        MountCase{"OwnerChanged", "FROM node\nRUN npm ci\nRUN chown -R 1000 /root/.npm\n",
                  "2 unsafe /root/.npm"},
        MountCase{"MustBeThereToBeRemoved", "FROM node\nRUN npm ci\nRUN rm -r /root/.npm\n",
                  "2 unsafe /root/.npm"},
        MountCase{"RemovedIfThere", "FROM node\nRUN npm ci\nRUN rm -rf /root/.npm\n", "2 safe /root/.npm"},
        MountCase{"NamesWhatOnlyBeginsLikeIt", "FROM node\nRUN npm ci\nRUN cp /root/.npmrc /x\n",
                  "2 safe /root/.npm"},
        MountCase{"ClassPath",
                  "FROM maven\nRUN mvn -B verify\nCMD [\"java\",\"-cp\",\"/root/.m2/repository/a.jar\"]\n",
                  "2 unsafe /root/.m2/repository"},
        MountCase{"Npx", "FROM node\nRUN npm ci\nCMD [\"npx\",\"--offline\",\"serve\"]\n",
                  "2 unsafe /root/.npm"},
        MountCase{"Trigger", "FROM maven\nRUN mvn -B verify\nONBUILD RUN mvn -o package\nCMD [\"/x\"]\n",
                  "2 unsafe /root/.m2/repository"},
        MountCase{"Healthcheck",
                  "FROM golang AS b\nRUN go mod download\nHEALTHCHECK CMD go run ./health\nCMD [\"/x\"]\n",
                  "2 unsafe /go/pkg/mod"},
        MountCase{
            "OwnPackages",
            "FROM maven AS b\nRUN mvn -f lib install\nRUN mvn -f app package\nFROM rt\nCOPY --from=b /x /x\n",
            "2 unsafe /root/.m2/repository; 3 unsafe /root/.m2/repository"},
        MountCase{
            "Credentials",
            "FROM golang AS b\nRUN --mount=type=secret,id=n go mod download\nRUN go build\nFROM rt\nCOPY "
            "--from=b /x /x\n",
            "2 unsafe /go/pkg/mod; 3 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "HiddenDownloads",
            "FROM golang AS b\nRUN go mod download\nFROM b AS dev\nENTRYPOINT [\"go\",\"run\",\".\"]\nFROM "
            "b AS c\n"
            "RUN go build -o /x .\nFROM scratch\nCOPY --from=c /x /x\n",
            "2 unsafe /go/pkg/mod; 6 unsafe /go/pkg/mod /root/.cache/go-build"}),
    name_of);

// What a warm mount keeps too long, and what a mount hides.
INSTANTIATE_TEST_SUITE_P(
    Risks, CacheMounts,
    testing::Values(
        MountCase{
            "FilledByMake",
            "FROM golang AS b\nRUN --mount=type=ssh make deps\nRUN go build .\nFROM rt\nCOPY --from=b /x "
            "/x\n",
            "3 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"FilledByAScript",
                  "FROM golang AS b\nRUN ./scripts/fetch.sh\nRUN go build .\nFROM rt\nCOPY --from=b /x /x\n",
                  "3 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"FilledByTidy",
                  "FROM golang AS b\nRUN go mod tidy\nRUN go build .\nFROM rt\nCOPY --from=b /x /x\n",
                  "3 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "CLibraries",
            "FROM golang:alpine AS b\nRUN apk add vips-dev\nRUN go build .\nFROM rt\nCOPY --from=b /x /x\n",
            "2 unsafe /etc/apk/cache; 3 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "NoCLibraries",
            "FROM golang:alpine AS b\nRUN apk add vips-dev\nRUN CGO_ENABLED=0 go build .\nFROM rt\nCOPY "
            "--from=b /x /x\n",
            "2 unsafe /etc/apk/cache; 3 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"PnpmDeploy", "FROM node\nRUN pnpm install\nRUN pnpm deploy /x\n",
                  "2 unsafe /root/.local/share/pnpm/store"},
        MountCase{"PnpmGlobal", "FROM node\nENV PNPM_HOME=/pnpm\nRUN pnpm add -g pm2\n",
                  "3 unsafe /pnpm/store"},
        MountCase{"UvNoEditable", "FROM python\nRUN uv sync --frozen --no-editable\n",
                  "2 unsafe /root/.cache/uv"},
        MountCase{"UvOfTheProject", "FROM python\nRUN uv pip install --system .\n",
                  "2 unsafe /root/.cache/uv"},
        MountCase{"NuGetFeedOfTheStep",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nRUN dotnet restore --source $FEED\nRUN dotnet "
                  "publish -o /o\nFROM rt\nCOPY --from=b /o /o\n",
                  "2 unsafe /root/.nuget/packages; 3 unsafe /root/.nuget/packages"},
        MountCase{
            "NuGetOwnFeed",
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nRUN dotnet pack lib -o /feed && dotnet nuget add "
            "source /feed\nRUN dotnet restore\n"
            "RUN dotnet publish -o /o\nFROM rt\nCOPY --from=b /o /o\n",
            "3 unsafe /root/.nuget/packages; 4 unsafe "
            "/root/.nuget/packages"}),
    name_of);

// What is installed into the folder, or used by other programs too, does not belong in a mount.
INSTANTIATE_TEST_SUITE_P(
    Installs, CacheMounts,
    testing::Values(
        MountCase{"NpmPrefix",
                  "FROM node\nENV NPM_CONFIG_PREFIX=/root/.npm\nRUN npm install -g a\nENV "
                  "PATH=/root/.npm/bin:$PATH\n",
                  "3 none FOLDER"},
        MountCase{"NpmPrefixOption", "FROM node\nRUN npm install -g --prefix=/root/.npm/g a\n",
                  "2 none FOLDER"},
        MountCase{"NpmPrefixElsewhere", "FROM node\nENV NPM_CONFIG_PREFIX=/opt/npm\nRUN npm install -g a\n",
                  "3 safe /root/.npm"},
        MountCase{"NpmPrefixAround", "FROM node\nENV NPM_CONFIG_PREFIX=/root\nRUN npm install -g a\n",
                  "3 safe /root/.npm"},
        MountCase{
            "NpmPrefixAndCache",
            "FROM node\nENV NPM_CONFIG_CACHE=/app/.npm NPM_CONFIG_PREFIX=/app/.npm\nRUN npm install -g a\n",
            "3 none FOLDER"},
        MountCase{"NpmPrefixOfTheCommand", "FROM node\nRUN NPM_CONFIG_PREFIX=/root/.npm npm install -g a\n",
                  "2 none FOLDER"},
        MountCase{"NpmPrefixExported",
                  "FROM node\nRUN export NPM_CONFIG_PREFIX=/root/.npm && npm install -g a\n",
                  "2 none FOLDER"},
        MountCase{"NpmProgramsInALaterPath",
                  "FROM node\nRUN npm install -g a\nENV PATH=/root/.npm/bin:$PATH\n", "2 none FOLDER"},
        MountCase{"NpmWorksInItsCache", "FROM node\nENV npm_config_cache=/app\nWORKDIR /app\nRUN npm ci\n",
                  "4 none FOLDER"},
        MountCase{"NpmGoesIntoItsCache", "FROM node\nENV npm_config_cache=/app\nRUN cd /app/x && npm ci\n",
                  "3 none FOLDER"},
        MountCase{"NpmCacheSharedWithAll", "FROM node\nENV npm_config_cache=/root/.cache\nRUN npm ci\n",
                  "3 safe /root/.cache/_cacache"},
        MountCase{"NpmCacheInTheTemporaryFolder", "FROM node\nRUN npm ci --cache /tmp\n",
                  "2 safe /tmp/_cacache"},
        MountCase{"PipTarget", "FROM python\nRUN pip install --target /root/.cache/pip/t a\n",
                  "2 none FOLDER"},
        MountCase{"PipTargetByLetter", "FROM python\nRUN pip install -t/root/.cache/pip/t a\n",
                  "2 none FOLDER"},
        MountCase{"PipTargetAbove", "FROM python\nWORKDIR /root/.cache/x\nRUN pip install -t ../pip/t a\n",
                  "3 none FOLDER"},
        MountCase{"PipTargetNextToIt", "FROM python\nRUN pip install --target /root/.cache/x a\n",
                  "2 safe /root/.cache/pip"},
        MountCase{
            "PipTargetInSharedCache",
            "FROM python\nENV PIP_CACHE_DIR=/opt/cache UV_CACHE_DIR=/opt/cache\nRUN pip install --target "
            "/opt/cache/site a\n",
            "3 none FOLDER"},
        MountCase{"PipUserBase",
                  "FROM python\nENV PYTHONUSERBASE=/root/.cache/pip/u\nRUN pip install --user a\n",
                  "3 none FOLDER"},
        MountCase{"PipOfAVirtualEnvironmentThere", "FROM python\nRUN /root/.cache/pip/v/bin/pip install a\n",
                  "2 none FOLDER"},
        MountCase{"PipCacheSharedWithAll", "FROM python\nENV PIP_CACHE_DIR=/root/.cache\nRUN pip install a\n",
                  "3 none FOLDER"},
        MountCase{
            "ComposerHome",
            "FROM php:8\nENV COMPOSER_HOME=/opt/c COMPOSER_CACHE_DIR=/opt/c\nRUN composer global require "
            "x/y\n",
            "3 none FOLDER"},
        MountCase{"ComposerHomeAround",
                  "FROM php:8\nENV COMPOSER_HOME=/opt/c\nRUN composer global require x/y\n",
                  "3 safe /opt/c/cache"},
        MountCase{"GoPrograms",
                  "FROM golang\nENV GOMODCACHE=/m GOBIN=/m/bin\nRUN go install a@v1\nCMD [\"/x\"]\n",
                  "3 none FOLDER /root/.cache/go-build"},
        MountCase{"CondaEnvironment",
                  "FROM x\nENV CONDA_PKGS_DIRS=/opt/c\nRUN conda create -p /opt/c/env a\n", "3 none FOLDER"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Spellings, CacheMounts,
    testing::Values(
        MountCase{"OfflineByVariable", "FROM maven\nENV MAVEN_ARGS=\"-B -o\"\nRUN mvn package\n", ""},
        MountCase{"OfflineAmongLetters", "FROM maven\nRUN mvn -Bo package\n", ""},
        MountCase{"OfflineByExport", "FROM golang\nRUN export GOPROXY=off; go build ./...\n", ""},
        MountCase{"LaterWithoutNetwork", "FROM node\nRUN npm ci\nRUN --network=none npm ci\n",
                  "2 unsafe /root/.npm"},
        MountCase{"RepositoryByVariable",
                  "FROM maven\nENV MAVEN_OPTS=\"-Xmx1g -Dmaven.repo.local=/q\"\nRUN mvn package\n",
                  "3 none FOLDER"},
        MountCase{"OtherOptionsByVariable",
                  "FROM maven AS b\nENV MAVEN_OPTS=-Xmx1g\nRUN mvn package\nFROM rt\nCOPY --from=b /x /x\n",
                  "3 safe /root/.m2/repository"},
        MountCase{"YarnByXdg", "FROM node\nENV XDG_CACHE_HOME=/c\nRUN yarn install\n", "3 safe /c/yarn"},
        MountCase{"HomeOfTheCommand", "FROM python\nRUN HOME=/q pip install a\n", "2 none FOLDER"},
        MountCase{"HomeExported", "FROM python\nRUN export HOME=/q && pip install a\n", "2 none FOLDER"},
        MountCase{"OptOutBeforeTheCommand", "FROM python\nRUN PIP_NO_CACHE_DIR=1 pip install a\n", ""},
        MountCase{"OptOutExported", "FROM python\nRUN export PIP_NO_CACHE_DIR=1 && pip install a\n", ""},
        MountCase{"LinkModeOption", "FROM python\nRUN uv pip install --system --link-mode=symlink a\n",
                  "2 none FOLDER"},
        MountCase{"BindMount",
                  "FROM python\nRUN --mount=type=bind,source=c,target=/root/.cache/pip pip install a\n", ""},
        MountCase{"MountAround", "FROM node\nRUN --mount=type=secret,id=x,target=/root/.npm/x npm ci\n",
                  "2 none /root/.npm"},
        MountCase{"OldSyntax", "# syntax=docker/dockerfile:1.1\nFROM node\nRUN npm ci\n",
                  "3 none /root/.npm"},
        MountCase{"NewerSyntax", "# syntax=docker/dockerfile:1.10\nFROM node\nRUN npm ci\n",
                  "3 safe /root/.npm"},
        MountCase{"PathWithABlank", "FROM python\nENV PIP_CACHE_DIR=\"/opt/my pip\"\nRUN pip install a\n",
                  "3 none /opt/my"},
        MountCase{"WritesIntoIt",
                  "FROM node\nRUN mkdir -p /root/.npm && echo x > /root/.npm/_auth && npm install\n",
                  "2 none /root/.npm"},
        MountCase{
            "WroteIntoIt",
            "FROM python\nRUN mkdir -p /root/.cache/pip && echo x > /root/.cache/pip/x\nRUN pip install a\n",
            "3 none /root/.cache/pip"},
        MountCase{"CopiedAround", "FROM python\nCOPY --from=x /c /root\nRUN pip install a\n",
                  "3 none /root/.cache/pip"},
        MountCase{"RemovedByVariable", "FROM python\nRUN C=/root/.cache; pip install a && rm -rf \"$C\"\n",
                  "2 none /root/.cache/pip"},
        MountCase{"RemovedByQuestion", "FROM node\nRUN npm ci && rm -rf $(npm config get cache)\n",
                  "2 unsafe /root/.npm"},
        MountCase{"CopiesHome", "FROM node\nRUN npm ci && cp -a /root /x\n", "2 unsafe /root/.npm"},
        MountCase{"OtherProgram", "FROM python\nRUN pip install playwright && playwright install\n",
                  "2 unsafe /root/.cache/pip"},
        MountCase{"UnknownUser", "FROM quay.io/jupyter/x\nRUN pip install a\n", "2 unsafe /root/.cache/pip"},
        MountCase{"RootByName", "FROM quay.io/jupyter/x\nUSER root\nRUN pip install a\n",
                  "3 safe /root/.cache/pip"},
        MountCase{"UserByVariable", "FROM python\nUSER ${NB_UID}\nRUN pip install a\n", "3 none FOLDER"},
        MountCase{"CommentBehindTheOption",
                  "FROM python\nRUN pip install a \\\n--no-cache-dir # foo\nUSER x\n",
                  "2 none /root/.cache/pip"}),
    name_of);

// What lets a step download may be gone in a later one, which downloads again if the mount is empty.
INSTANTIATE_TEST_SUITE_P(
    ChangedAccess, CacheMounts,
    testing::Values(
        MountCase{"GoNothingBetween",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . "
                  ".\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "4 safe /go/pkg/mod; 6 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoNetrcStays",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nARG T\nRUN echo \"machine github.com login $T\" > "
                  "/root/.netrc\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /out "
                  ".\nFROM scratch\nCOPY --from=b /out /out\n",
                  "6 safe /go/pkg/mod; 8 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoNetrcRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nARG T\nRUN echo \"machine github.com login $T\" > "
                  "/root/.netrc\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN rm -f /root/.netrc\nCOPY . "
                  ".\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "6 unsafe /go/pkg/mod; 9 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoCopiedNetrcRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY .netrc /root/.netrc\nCOPY go.mod go.sum ./\nRUN "
                  "go mod download\nRUN rm ~/.netrc\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY "
                  "--from=b /out /out\n",
                  "5 unsafe /go/pkg/mod; 8 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoSshKeyRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY id_rsa /root/.ssh/\nCOPY go.mod go.sum ./\nRUN "
                  "go mod download\nRUN rm -rf /root/.ssh\nCOPY . .\nRUN go build -o /out .\nFROM "
                  "scratch\nCOPY --from=b /out /out\n",
                  "5 unsafe /go/pkg/mod; 8 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoSshKeyElsewhereRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY id_rsa /keys/\nENV GIT_SSH_COMMAND=\"ssh -i "
                  "/keys/id_rsa\"\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN rm -rf /keys\nCOPY . "
                  ".\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "6 unsafe /go/pkg/mod; 9 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoSshKeyInTmpRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY id_rsa /tmp/\nENV GIT_SSH_COMMAND=\"ssh -i "
                  "/tmp/id_rsa\"\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN rm -rf /tmp/*\nCOPY . "
                  ".\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "6 unsafe /go/pkg/mod; 9 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoTmpRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN rm "
                  "-rf /tmp/* /var/lib/apt/lists/*\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY "
                  "--from=b /out /out\n",
                  "4 safe /go/pkg/mod; 7 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoGitconfigRemoved",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nARG T\nRUN git config --global "
                  "url.\"https://$T@github.com\".insteadOf https://github.com\nCOPY go.mod go.sum ./\nRUN go "
                  "mod download\nRUN rm /root/.gitconfig\nCOPY . .\nRUN go build -o /out .\nFROM "
                  "scratch\nCOPY --from=b /out /out\n",
                  "6 unsafe /go/pkg/mod; 9 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoGitConfigUnset",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nARG T\nRUN git config --global "
                  "url.\"https://$T@github.com\".insteadOf https://github.com\nCOPY go.mod go.sum ./\nRUN go "
                  "mod download\nRUN git config --global --remove-section url.x\nCOPY . .\nRUN go build -o "
                  "/out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "6 unsafe /go/pkg/mod; 9 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoGitRemoved",
            "FROM golang:1.22 AS b\nWORKDIR /src\nRUN apk add --no-cache git\nCOPY go.mod go.sum ./\nRUN go "
            "mod "
            "download\nRUN apk del git\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b "
            "/out /out\n",
            "3 unsafe /etc/apk/cache; 5 unsafe /go/pkg/mod; 8 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoGitAdded",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN apk "
                  "add --no-cache git && mkdir -p /out && adduser -D app\nCOPY . .\nRUN go build -o /out "
                  ".\nFROM scratch\nCOPY --from=b /out /out\n",
                  "4 safe /go/pkg/mod; 5 unsafe /etc/apk/cache; 7 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoProxySetBetween",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nENV "
                  "GOPROXY=direct\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "4 unsafe /go/pkg/mod; 7 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoTokenClearedBetween",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nENV GITHUB_TOKEN=x\nCOPY go.mod go.sum ./\nRUN go "
                  "mod download\nENV GITHUB_TOKEN=\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY "
                  "--from=b /out /out\n",
                  "5 unsafe /go/pkg/mod; 8 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoPlainVariablesBetween",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nENV "
                  "CGO_ENABLED=0 GOOS=linux\nARG VERSION=1\nCOPY . .\nRUN go build -o /out .\nFROM "
                  "scratch\nCOPY --from=b /out /out\n",
                  "4 safe /go/pkg/mod; 8 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoVersionFileWritten",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nRUN echo "
                  "1 > version.txt && sed -i s/dev/1/ main.go\nCOPY . .\nRUN go build -o /out .\nFROM "
                  "scratch\nCOPY --from=b /out /out\n",
                  "4 safe /go/pkg/mod; 7 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoUserBetween",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . "
                  ".\nRUN GOPROXY=direct go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "4 unsafe /go/pkg/mod; 6 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"GoRemovedInTheBuild",
                  "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . "
                  ".\nRUN rm -f /root/.netrc && go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
                  "4 unsafe /go/pkg/mod; 6 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoRemovedAfterTheDownload",
            "FROM golang AS b\nWORKDIR /src\nCOPY .netrc /root/\nCOPY go.mod ./\nRUN go mod download && rm "
            "-f /root/.netrc\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
            "5 unsafe /go/pkg/mod; 7 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoRemovedAfterTheBuild",
            "FROM golang AS b\nWORKDIR /src\nCOPY .netrc /root/\nCOPY go.mod ./\nRUN go mod download\nCOPY . "
            ".\nRUN go build -o /out .\nRUN rm -f /root/.netrc\nFROM scratch\nCOPY --from=b /out /out\n",
            "5 safe /go/pkg/mod; 7 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoArgumentOfTheFirstStageAlone",
            "FROM golang AS d\nARG GITHUB_TOKEN\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\nFROM d "
            "AS b\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
            "5 unsafe /go/pkg/mod; 8 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoArgumentDeclaredBetween",
            "FROM golang AS b\nRUN go mod download\nARG GOPROXY\nRUN go build -o /out .\nFROM scratch\nCOPY "
            "--from=b /out /out\n",
            "2 unsafe /go/pkg/mod; 4 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "GoArgumentDeclaredAgain",
            "FROM golang AS d\nARG GITHUB_TOKEN\nRUN go mod download\nFROM d AS b\nARG GITHUB_TOKEN\nARG "
            "VERSION\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n",
            "3 safe /go/pkg/mod; 7 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"NugetNothingBetween",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY NuGet.Config ./\nCOPY "
                  "a.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -o /out\nFROM rt\nCOPY "
                  "--from=b /out /out\n",
                  "5 safe /root/.nuget/packages; 7 safe /root/.nuget/packages"},
        MountCase{"NugetFolderBelow",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY a.csproj ./\nRUN dotnet "
                  "restore\nWORKDIR /src/Api\nCOPY . .\nRUN dotnet publish -o /out\nFROM rt\nCOPY --from=b "
                  "/out /out\n",
                  "4 safe /root/.nuget/packages; 7 safe /root/.nuget/packages"},
        MountCase{"NugetConfigRemoved",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY NuGet.Config ./\nCOPY "
                  "a.csproj ./\nRUN dotnet restore\nRUN rm NuGet.Config\nCOPY *.cs ./\nRUN dotnet publish -o "
                  "/out\nFROM rt\nCOPY --from=b /out /out\n",
                  "5 unsafe /root/.nuget/packages; 8 unsafe /root/.nuget/packages"},
        MountCase{"NugetHomeRemoved",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY a.csproj ./\nRUN dotnet "
                  "restore\nRUN rm -rf /root/.nuget/NuGet\nCOPY . .\nRUN dotnet publish -o /out\nFROM "
                  "rt\nCOPY --from=b /out /out\n",
                  "4 unsafe /root/.nuget/packages; 7 unsafe /root/.nuget/packages"},
        MountCase{"NugetTokenUndone",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nARG T\nCOPY NuGet.Config "
                  "./\nRUN sed -i s/TOKEN/$T/ NuGet.Config\nCOPY a.csproj ./\nRUN dotnet restore\nCOPY . "
                  ".\nRUN dotnet publish -o /out\nFROM rt\nCOPY --from=b /out /out\n",
                  "7 unsafe /root/.nuget/packages; 9 unsafe /root/.nuget/packages"},
        MountCase{"NugetOtherFileUndone",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY docker/NuGet.Config "
                  "./\nCOPY a.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -o /out\nFROM "
                  "rt\nCOPY --from=b /out /out\n",
                  "5 unsafe /root/.nuget/packages; 7 unsafe /root/.nuget/packages"},
        MountCase{"NugetRenamedFileUndone",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY NuGet.docker.config "
                  "NuGet.Config\nCOPY a.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -o "
                  "/out\nFROM rt\nCOPY --from=b /out /out\n",
                  "5 unsafe /root/.nuget/packages; 7 unsafe /root/.nuget/packages"},
        MountCase{"NugetEndpointsCleared",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nENV "
                  "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS=x\nCOPY a.csproj ./\nRUN dotnet restore\nENV "
                  "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS=\nCOPY . .\nRUN dotnet publish -o /out\nFROM rt\nCOPY "
                  "--from=b /out /out\n",
                  "5 unsafe /root/.nuget/packages; 8 unsafe /root/.nuget/packages"},
        MountCase{"NugetSourceRemoved",
                  "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nCOPY a.csproj ./\nRUN dotnet "
                  "restore\nRUN dotnet nuget remove source x\nCOPY . .\nRUN dotnet publish -o /out\nFROM "
                  "rt\nCOPY --from=b /out /out\n",
                  "4 unsafe /root/.nuget/packages; 7 unsafe /root/.nuget/packages"},
        MountCase{"MavenSettingsRemoved",
                  "FROM maven AS b\nCOPY settings.xml /usr/share/maven/conf/settings.xml\nCOPY pom.xml "
                  "./\nRUN mvn dependency:resolve\nRUN rm /usr/share/maven/conf/settings.xml\nCOPY src "
                  "src\nRUN mvn package\nFROM rt\nCOPY --from=b /x /x\n",
                  "4 unsafe /root/.m2/repository; 7 unsafe /root/.m2/repository"},
        MountCase{"CargoCredentialsRemoved",
                  "FROM rust AS b\nCOPY credentials.toml /usr/local/cargo/credentials.toml\nCOPY Cargo.toml "
                  "./\nRUN cargo "
                  "fetch\nRUN rm /usr/local/cargo/credentials.toml\nCOPY src src\nRUN cargo build "
                  "--release\nFROM rt\nCOPY --from=b /x /x\n",
                  "4 unsafe /usr/local/cargo/registry; 7 unsafe /usr/local/cargo/registry"},
        MountCase{
            "NpmrcRemoved",
            "FROM node\nCOPY package*.json .npmrc ./\nRUN npm ci\nRUN rm .npmrc\nRUN npm ci --omit=dev\n",
            "3 unsafe /root/.npm; 5 unsafe /root/.npm"},
        MountCase{
            "NpmrcOfASecretAlone",
            "FROM node\nRUN --mount=type=secret,id=n,target=/root/.npmrc npm ci\nRUN npm ci --omit=dev\n",
            "2 unsafe /root/.npm; 3 unsafe /root/.npm"},
        MountCase{"NpmrcOfASecretTwice",
                  "FROM node\nRUN --mount=type=secret,id=n,target=/root/.npmrc npm ci\nRUN "
                  "--mount=type=secret,id=n,target=/root/.npmrc npm ci --omit=dev\n",
                  "2 safe /root/.npm; 3 safe /root/.npm"},
        MountCase{"NpmTwice", "FROM node\nRUN npm ci\nRUN rm -rf node_modules && npm ci --omit=dev\n",
                  "2 safe /root/.npm; 3 safe /root/.npm"},
        MountCase{"PipIndexOfTheFirstAlone",
                  "FROM python\nRUN pip install -i https://u:p@x.io/simple a\nRUN pip install b\n",
                  "2 unsafe /root/.cache/pip; 3 unsafe /root/.cache/pip"}),
    name_of);

// What the image starts in the end.
INSTANTIATE_TEST_SUITE_P(
    Starters, CacheMounts,
    testing::Values(
        MountCase{"EntrypointAlone", "FROM golang\nRUN go build -o /out .\nENTRYPOINT [\"/out\"]\n",
                  "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"ProgramInTheFolderOfGo",
                  "FROM golang\nRUN go build -o /go/bin/out .\nCMD [\"/go/bin/out\"]\n",
                  "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"EntrypointWithArguments",
                  "FROM golang\nRUN go build -o /out .\nENTRYPOINT [\"/out\"]\nCMD [\"serve\", \"--port\", "
                  "\"80\"]\n",
                  "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"EntrypointThatStartsACommand",
                  "FROM golang\nRUN go build -o /out .\nENTRYPOINT [\"/sbin/tini\", \"--\"]\nCMD [\"go\", "
                  "\"run\", \".\"]\n",
                  "2 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"EntrypointThatStartsAShell",
                  "FROM golang\nRUN go build -o /out .\nENTRYPOINT [\"/entrypoint\"]\nCMD [\"sh\"]\n",
                  "2 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "EntrypointThatStartsTheProgram",
            "FROM golang\nRUN go build -o /out .\nENTRYPOINT [\"/sbin/tini\", \"--\"]\nCMD [\"/out\"]\n",
            "2 safe /go/pkg/mod /root/.cache/go-build"},
        MountCase{"SecondCommandInAShell",
                  "FROM golang\nRUN go build -o /out .\nCMD /out && go run ./migrate\n",
                  "2 unsafe /go/pkg/mod /root/.cache/go-build"},
        MountCase{
            "ManagerAmongTheArguments",
            "FROM golang\nRUN go build -o /out .\nCMD [\"/usr/local/bin/watch\", \"go\", \"run\", \".\"]\n",
            "2 unsafe /go/pkg/mod /root/.cache/go-build"}),
    name_of);

// A file says where the packages are in the local repository.
INSTANTIATE_TEST_SUITE_P(
    Classpaths, CacheMounts,
    testing::Values(
        MountCase{"ClasspathInAFile",
                  "FROM maven\nCOPY . .\nRUN mvn compile dependency:build-classpath "
                  "-Dmdep.outputFile=cp.txt\nCMD java -cp target/classes:$(cat cp.txt) A\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"ClasspathInAFileOfAnotherProgram",
                  "FROM maven\nCOPY . .\nRUN mvn compile dependency:build-classpath "
                  "-Dmdep.outputFile=cp.txt\nCMD [\"/app/start\"]\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"ClasspathByItsFullName",
                  "FROM maven\nCOPY . .\nRUN mvn "
                  "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:build-classpath\nCMD "
                  "[\"java\",\"-jar\",\"a.jar\"]\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"CommandThatReadsAFile",
                  "FROM maven\nCOPY . .\nRUN mvn compile\nCMD java -cp target/classes:$(cat cp.txt) A\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"CommandThatReadsAFileInTicks",
                  "FROM maven\nCOPY . .\nRUN mvn compile\nCMD java -cp target/classes:`cat cp.txt` A\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"ArgumentFile", "FROM maven\nCOPY . .\nRUN mvn compile\nCMD [\"java\",\"@args\",\"A\"]\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"ArgumentFileInShellForm",
                  "FROM maven\nCOPY . .\nRUN mvn compile\nENTRYPOINT java @args A\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"ArgumentFileInLaterCommand",
                  "FROM maven\nCOPY . .\nRUN mvn compile\nENTRYPOINT [\"java\"]\nCMD [\"@args\",\"A\"]\n",
                  "3 unsafe /root/.m2/repository"},
        MountCase{"PlainJar",
                  "FROM maven\nCOPY . .\nRUN mvn package\nCMD [\"java\",\"-jar\",\"target/a.jar\"]\n",
                  "3 safe /root/.m2/repository"},
        MountCase{
            "PlainJarWithVariables",
            "FROM maven\nCOPY . .\nRUN mvn package\nCMD java $JAVA_OPTS -jar target/a.jar --user=a@b.c\n",
            "3 safe /root/.m2/repository"},
        MountCase{"ClasspathOfASubstitution",
                  "FROM maven AS b\nRUN mvn compile\nRUN echo \"java -cp $(mvn dependency:build-classpath)\" "
                  "> run.sh\nFROM rt\nCOPY --from=b /x /x\n",
                  "2 unsafe /root/.m2/repository; 3 unsafe /root/.m2/repository"},
        MountCase{"ClasspathOfSbt",
                  "FROM sbtscala/scala-sbt AS b\nRUN sbt compile 'export Runtime/fullClasspath'\nFROM "
                  "rt\nCOPY --from=b /x /x\n",
                  "2 unsafe /root/.cache/coursier/v1"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OptOuts, CacheMounts,
    testing::Values(MountCase{"UvNoCacheDir",
                              "FROM python\nRUN uv pip install --no-cache-dir --system -r r.txt\n",
                              "2 safe /root/.cache/uv"},
                    MountCase{"UvNoCacheByVariable",
                              "FROM python\nRUN UV_NO_CACHE=1 uv pip install --system -r r.txt\n", ""}),
    name_of);

// An image of a stage that the project builds by name, or starts with another command, needs its packages.
TEST(CacheMounts, AreNotSafeIfTheProjectRunsTheStage) {
  const std::string head = "FROM golang:1.22 AS b\nCOPY . .\nRUN go build -o /out .\n";
  const std::string stage = head + "FROM scratch\nCOPY --from=b /out /out\nCMD [\"/out\"]\n";
  const std::string last = head + "CMD [\"/out\"]\n";
  struct Project {
    const std::string& dockerfile;
    const char* path;
    const char* text;
    bool safe;
  };
  for (const Project& one : std::vector<Project>{
           {stage, "compose.yaml", "services:\n  a:\n    build:\n      context: .\n      target: b\n", false},
           {stage, "compose.yaml", "services:\n  a:\n    build:\n      context: .\n      target: ${T:-b}\n",
            false},
           {stage, "compose.yaml", "services:\n  a:\n    build:\n      context: .\n", true},
           {stage, "docker-bake.hcl", "target \"a\" {\n  target = \"b\"\n}\n", false},
           {stage, "docker-bake.hcl", "target \"b\" {\n  context = \".\"\n}\n", true},
           {stage, ".devcontainer/devcontainer.json",
            "{\"build\": {\"dockerfile\": \"../Dockerfile\", \"target\": \"b\"}}\n", false},
           {stage, "Makefile", "test:\n\tdocker build --target b -t t .\n\tdocker run t go test ./...\n",
            false},
           {stage, "Makefile", "test:\n\tdocker build --target=$(STAGE) -t t .\n", false},
           {stage, "Makefile", "all:\n\tcargo build --target $(TARGET)\n", true},
           {stage, "Makefile", "all:\n\tdocker build --target bb -t t .\n", true},
           {stage, "scripts/test", "docker buildx build --target \"$1\" .\n", false},
           {stage, ".gitlab-ci.yml", "a:\n  script: [\"docker build --target b .\"]\n", false},
           {stage, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n"
            "        with:\n          target: b\n          load: true\n      - run: docker run t go test "
            "./...\n",
            false},
           {last, "compose.yaml", "services:\n  a:\n    build: .\n    command: [\"go\", \"run\", \".\"]\n",
            false},
           {last, "compose.yaml", "services:\n  a:\n    build: .\n    entrypoint: sh -c 'go test ./...'\n",
            false},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n    command: [\"/out\", \"--port\", \"80\"]\n", true},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n  d:\n    image: golang\n    command: go test\n", true},
           {stage, "compose.yaml", "services:\n  a:\n    build: .\n    command: [\"go\", \"run\", \".\"]\n",
            true},
           {last, "Makefile", "test:\n\tdocker build -t t .\n\tdocker run \\\n\t  --rm t go test ./...\n",
            false},
           {last, "Makefile", "test:\n\tgo test ./...\n\tdocker run t\n", true},
           {last, ".devcontainer/devcontainer.json", "{\"build\": {\"dockerfile\": \"../Dockerfile\"}}\n",
            false},
           {last, ".devcontainer/devcontainer.json", "{\"image\": \"x\"}\n", true},
           // Other Dockerfiles, and builds that leave no image.
           {stage, "Makefile", "t:\n\tdocker build --target b -f other/Dockerfile .\n", true},
           {stage, "Makefile", "t:\n\tdocker build --target b -f Dockerfile other\n", false},
           {stage, "Makefile", "t:\n\tdocker build --target b other\n", true},
           {stage, "Makefile", "t:\n\tdocker build --target b $(DIR)\n", false},
           {stage, "README.md", "    $ docker build --target b --output type=cacheonly .\n", true},
           {stage, "README.md", "Run `docker build --target b -o type=cacheonly .` first.\n", true},
           {stage, "README.md", "Run `docker build --target b .` first.\n", false},
           {stage, "a.sh", "docker buildx build --target b -o type=cacheonly --load -t x .\n", false},
           {stage, "a.sh", "docker buildx build --target b -o type=cacheonly -o type=docker .\n", false},
           {stage, "a.sh", "docker buildx build --target b -o out .\n", false},
           {stage, "compose.yaml", "services:\n  a:\n    build:\n      context: other\n      target: b\n",
            true},
           {stage, "compose.yaml",
            "services:\n  a:\n    build:\n      context: .\n      dockerfile: other/Dockerfile\n      "
            "target: b\n",
            true},
           {stage, "compose.yaml", "services:\n  a:\n    build:\n      target: b\n", false},
           {stage, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n"
            "        with:\n          target: b\n          outputs: type=cacheonly\n",
            true},
           {stage, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n"
            "        with:\n          context: .\n          file: other/Dockerfile\n          target: b\n",
            true},
           // Other images.
           {last, "Makefile", "t:\n\tdocker run --rm -v $(PWD):/src -w /src golang:1.22 go test ./...\n",
            true},
           {last, "Makefile", "t:\n\tdocker build -t golang .\n\tdocker run golang go test\n", false},
           {last, "Makefile", "t:\n\tdocker build -t x other\n\tdocker run x go test\n", true},
           {last, "Makefile", "t:\n\tdocker run -it -e A=b acme/x go test\n", false},
           {last, "Makefile", "t:\n\tdocker run $(IMAGE) go test\n", false},
           {last, "Makefile", "t:\n\tdocker run x && go test\n", true},
           {last, "compose.yaml", "services:\n  a:\n    build: other\n    command: go run .\n", true},
           {last, "README.md", "    docker compose exec web go test ./...\n", false},
           // Wherever the files are, and however they say it.
           {stage, "ci/linux/test.sh", "docker build --target b .\n", false},
           {stage, "mk/docker.mk", "t:\n\tdocker build --target \\\n\t  b .\n", false},
           {stage, "a.sh", "docker buildx bake --set '*.target=b'\n", false},
           {stage, "a.sh", "docker buildx bake --set '*.target=c'\n", true},
           {stage, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - uses: docker/bake-action@v6\n        with:\n"
            "          set: |\n            *.target=b\n",
            false},
           {stage, "tools/build.py", "run([\"docker\", \"build\", \"--target\", \"b\", \".\"])\n", false},
           {stage, "deploy/web.yaml", "services:\n  a:\n    build:\n      context: ..\n      target: b\n",
            false},
           {stage, "node_modules/x/a.sh", "docker build --target b .\n", true},
           {stage, "mkdocs.yml", "nav:\n  target: b\n", true},
           {last, "a.sh", "docker run --rm acme/x make test\n", false},
           {last, "a.sh", "docker run --rm acme/x ./ci.sh\n", false},
           {last, "a.sh", "docker run --rm acme/x bash -c 'make test'\n", false},
           {last, "a.sh", "docker run --rm -it acme/x bash\n", true},
           {last, "a.sh", "docker run --rm --entrypoint make acme/x test\n", false},
           {last, "README.md", "You can docker run the image, just as you make one.\n", true},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n    healthcheck:\n      test: [CMD, go, version]\n", false},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n    post_start:\n      - command: go test ./...\n", false},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n    develop:\n      watch:\n        - path: .\n          action: "
            "sync+exec\n          exec:\n            command: go generate\n",
            false},
           {last, "compose.yaml",
            "services:\n  a:\n    build: .\n    image: acme/a\n  t:\n    image: acme/a\n    command: go "
            "test\n",
            false},
           {last, ".gitlab-ci.yml",
            "b:\n  script: [docker build -t acme/x .]\nt:\n  image: acme/x\n  script: [go test ./...]\n",
            false},
           {last, ".gitlab-ci.yml", "image: $CI_REGISTRY_IMAGE\nt:\n  script:\n    - go test ./...\n", false},
           {last, ".gitlab-ci.yml", "t:\n  image: golang:1.22\n  script:\n    - go test ./...\n", true},
           {last, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    container: ghcr.io/acme/x:${{ github.sha }}\n    steps:\n      - "
            "run: "
            "go test ./...\n",
            false},
           {last, ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    container:\n      image: golang:1.22\n    steps:\n      - run: go "
            "test "
            "./...\n",
            true},
           {last, "action.yml", "runs:\n  using: docker\n  image: Dockerfile\n  args: [go, run, .]\n", false},
           {last, "k8s/job.yaml",
            "kind: Job\nspec:\n  containers:\n    - image: $IMAGE\n      command: [go, test]\n", false},
           {last, "k8s/job.yaml",
            "kind: Job\nspec:\n  containers:\n    - image: web:1\n      command: [go, test]\n", false},
           {last, "k8s/job.yaml",
            "kind: Job\nspec:\n  containers:\n    - image: golang:1\n      command: [go, test]\n", true},
           {last, "compose.yaml", "services:\n  a:\n    build: .\n    command: ${RUN}\n", false},
           {last, "a.sh", "docker run --rm acme/x $RUN\n", false},
           {last, "a.sh", "docker run --rm acme/x \"$@\"\n", false},
           {stage, "tools/build.py", "cmd = f\"docker build --target {stage} .\"\n", false},
           {last, "k8s/job.yaml",
            "kind: Job\nspec:\n  containers:\n    - image: other/y\n      command: [go, test]\n", true},
           {last, "fly.toml", "[deploy]\nrelease_command = \"go run ./migrate\"\n", false},
           {last, "infra/main.tf",
            "resource \"docker_container\" \"a\" {\n  image = \"a\"\n  command = [\"go\", "
            "\"run\"]\n}\n",
            false},
           {last, "a.container", "[Container]\nImage=x.image\nExec=go run .\n", false}}) {
    const test::TemporaryFolder folder;
    folder.write("Dockerfile", one.dockerfile);
    folder.write("other/Dockerfile", "FROM debian\n");
    folder.write("main.go", "package main\n");
    folder.write(one.path, one.text);
    EXPECT_EQ(offered_mounts(one.dockerfile, test::facts_of(folder)),
              std::string("3 ") + (one.safe ? "safe" : "unsafe") + " /go/pkg/mod /root/.cache/go-build")
        << one.path << ": " << one.text << one.dockerfile;
  }
}

// Another image starts from this one, or copies from it.
TEST(CacheMounts, AreNotSafeIfAnotherImageIsBuiltOnIt) {
  const std::string text = "FROM golang:1.22 AS b\nCOPY . .\nRUN go build -o /out .\nCMD [\"/out\"]\n";
  struct Defined {
    const char* path;
    const char* text;
    const char* other;
    bool safe;
  };
  for (const Defined& one : {
           Defined{"docker-bake.hcl",
                   "target \"a\" {}\ntarget \"t\" {\n  dockerfile = \"T.Dockerfile\"\n  contexts = { base = "
                   "\"target:a\" }\n}\n",
                   "FROM base\nRUN go test ./...\n", false},
           Defined{
               "compose.yaml",
               "services:\n  a:\n    build: .\n    image: acme/a\n  t:\n    build:\n      context: .\n      "
               "dockerfile: T.Dockerfile\n",
               "FROM debian\nCOPY --from=acme/a /go/pkg /go/pkg\n", false},
           Defined{
               "compose.yaml",
               "services:\n  a:\n    build: .\n    image: acme/a\n  t:\n    build:\n      context: .\n      "
               "dockerfile: T.Dockerfile\n",
               "FROM debian\n", true},
       }) {
    const test::TemporaryFolder folder;
    folder.write("Dockerfile", text);
    folder.write("T.Dockerfile", one.other);
    folder.write("main.go", "package main\n");
    folder.write(one.path, one.text);
    EXPECT_EQ(offered_mounts(text, test::facts_of(folder)),
              std::string("3 ") + (one.safe ? "safe" : "unsafe") + " /go/pkg/mod /root/.cache/go-build")
        << one.path << ": " << one.other;
  }
}

// Files of the context that say where packages come from.
TEST(CacheMounts, LookForSettingsInTheContext) {
  const std::string head = "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\n";
  const std::string tail = "RUN dotnet publish -o /out\nFROM rt\nCOPY --from=b /out /out\n";
  const test::TemporaryFolder folder;
  folder.write("NuGet.Config", "");
  folder.write("docker/NuGet.Config", "");
  folder.write("a.csproj", "");
  const auto offered = [&](const std::string& text) {
    return offered_mounts(head + text + tail, test::facts_of(folder)).find("unsafe") == std::string::npos;
  };
  EXPECT_TRUE(offered("COPY a.csproj NuGet.Config ./\nRUN dotnet restore\nCOPY . .\n"));
  EXPECT_TRUE(offered("COPY . .\nRUN dotnet restore\nCOPY . .\n"));
  EXPECT_FALSE(offered("COPY a.csproj ./\nRUN dotnet restore\nCOPY . .\n"));
  EXPECT_FALSE(offered("COPY a.csproj docker/NuGet.Config ./\nRUN dotnet restore\nCOPY . .\n"));
  EXPECT_TRUE(offered("COPY a.csproj docker/NuGet.Config ./\nRUN dotnet restore\nCOPY docker docker\n"));
}

TEST(CacheMounts, AreNotOfferedForANullDevice) {
  EXPECT_EQ(offered_mounts("FROM php:8\nENV COMPOSER_CACHE_DIR=/dev/null\nRUN composer install\n"), "");
}

TEST(CacheMounts, SayWhoMayLackCredentials) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(
      "FROM golang AS b\nRUN go mod download\nRUN rm -f /root/.netrc\nRUN go build -o /x\nFROM scratch\nCOPY "
      "--from=b /x /x\n");
  const lint::Findings findings = linter.lint(file, {});
  const lint::Diagnostic& first = findings.diagnostics.at(0);
  const std::string obstacle = "'rm -f /root/.netrc' in line 3 may remove or change credentials or settings";
  EXPECT_TRUE(
      first.remedy.ends_with("make sure that line 4 can download too: it has to if the mount is empty"))
      << first.remedy;
  EXPECT_EQ(first.fix.value().unsafe_because,
            "if the mount is empty, line 4 downloads again, and " + obstacle);
  EXPECT_EQ(findings.diagnostics.at(1).fix.value().unsafe_because,
            "if the mount is empty, this step downloads again, and " + obstacle);
}

// What is between a step that downloads and one that has to download again if the mount is empty.
std::string offer_between(const std::string& step) {
  return offered_mounts("FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\n" +
                        step + "\nCOPY . .\nRUN go build -o /out .\nFROM scratch\nCOPY --from=b /out /out\n");
}

TEST(CacheMounts, AreSafeAboveStepsThatChangeNoSettings) {
  const auto is_safe = [](const std::string& step) {
    return offer_between(step).find("unsafe") == std::string::npos;
  };
  for (const char* step :
       {"RUN touch .env", "RUN cp .env.example .env", "RUN echo A=b > .env", "RUN touch /root/.netrc",
        "RUN git config --global --add safe.directory /src", "RUN git config --system user.email a@b.c",
        "RUN git config --global core.autocrlf input", "ENV GOFLAGS=-mod=readonly",
        "ENV GOFLAGS=\"-trimpath -buildvcs=false\"", "ENV GOEXPERIMENT=x", "RUN chmod +x main.go",
        "RUN chown -R root:root .", "RUN mkdir -p /data"})
    EXPECT_TRUE(is_safe(step)) << step;
  for (const char* step :
       {"RUN cp netrc /root/.netrc", "RUN cp ci/.npmrc .npmrc", "RUN rm -f .env /root/.netrc",
        "RUN git config --global url.https://a/.insteadOf https://b/",
        "RUN git config --file /root/.gitconfig safe.directory /src", "RUN git config --global http.proxy x",
        "RUN git config --global --unset credential.helper", "ENV GOFLAGS=-modfile=other.mod",
        "ARG FLAGS\nENV GOFLAGS=$FLAGS", "ENV GOPROXY=direct", "RUN . ./.env", "RUN chmod 644 .ssh/id_rsa"})
    EXPECT_FALSE(is_safe(step)) << step;
  // Bun reads it.
  const std::string bun = "FROM oven/bun:1\nWORKDIR /a\nCOPY package.json ./\nRUN bun install\n";
  EXPECT_NE(offered_mounts(bun + "RUN cp .env.example .env\nRUN bun install --production\n").find("unsafe"),
            std::string::npos);
}

TEST(CacheMounts, AreUnsafeIfALaterStepTakesAFolderAround) {
  const std::string build =
      "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\n";
  const auto is_safe = [&](const std::string& rest, const std::string& last = "COPY --from=b /out /out") {
    const std::string offered =
        offered_mounts(build + rest + "\nFROM scratch\n" + last + "\nCMD [\"/out\"]\n");
    return offered.starts_with("4 safe") && offered.find("unsafe") == std::string::npos;
  };
  for (const char* step :
       {"RUN cp -r $GOPATH /m", "RUN cp -a / /m", "RUN find / -name 'LICENSE*' > /lic", "RUN cp -r ../go /m",
        "WORKDIR /go\nRUN cp -r pkg /m", "WORKDIR /\nRUN tar czf /m.tgz go", "RUN tar -C / -cf /m.tar go",
        "RUN cp -r /g* /m", "RUN cd / && cp -r go /m", "RUN ln -s /go /m"})
    EXPECT_FALSE(is_safe(std::string("RUN go build -o /out .\n") + step)) << step;
  for (const char* step :
       {"RUN tar xzf a.tgz -C /", "RUN cp /out /app", "RUN cp -r static /app", "RUN cp -a rootfs/. /",
        "RUN find . -name x", "RUN mv /out /usr/local/bin/out", "RUN tar czf /a.tgz /out", "RUN rm -rf /go"})
    EXPECT_TRUE(is_safe(std::string("RUN go build -o /out .\n") + step)) << step;
  for (const char* copy :
       {"COPY --from=b /g* /root/", "COPY --from=b /go /go", "COPY --from=b /go/pkg /go/pkg"})
    EXPECT_FALSE(is_safe("RUN go build -o /out .", copy)) << copy;
  EXPECT_TRUE(is_safe("RUN go build -o /out .", "COPY --from=b /o* /"));
  // The mount of the step that downloads alone would take the files from the one that builds.
  EXPECT_EQ(offered_mounts(
                build + "RUN go build -o /out . && cp -r $GOPATH /m\nFROM scratch\nCOPY --from=b /out /out\n")
                .find(" safe"),
            std::string::npos);
  const std::string gradle =
      "FROM gradle:8-jdk21 AS c\nWORKDIR /src\nCOPY build.gradle ./\nRUN gradle build\nFROM gradle:8-jdk21\n";
  EXPECT_NE(offered_mounts(gradle + "COPY --from=c /home/gradle /home/gradle\n").find("unsafe"),
            std::string::npos);
}

// Settings of Bundler between two installs.
TEST(CacheMounts, AreSafeWithSettingsThatSayNothingAboutDownloads) {
  const auto offered = [](const std::string& setting) {
    return offered_mounts("FROM ruby:3.3\nWORKDIR /a\nCOPY Gemfile ./\nRUN bundle install\nRUN bundle " +
                          setting + "\nRUN bundle install\n");
  };
  for (const char* setting : {"config set --local without test", "config set frozen true", "config jobs 4",
                              "config build.nokogiri --use-system-libraries"})
    EXPECT_EQ(offered(setting), "4 safe /usr/local/bundle/cache; 6 safe /usr/local/bundle/cache") << setting;
  for (const char* setting :
       {"config set --global gems.example.com user:secret", "config mirror.https://a https://b"})
    EXPECT_NE(offered(setting).find("4 unsafe"), std::string::npos) << setting;
  for (const char* setting : {"config set path vendor/bundle", "config set deployment true"})
    EXPECT_NE(offered(setting).find("6 none"), std::string::npos) << setting;
}

// Another user has other settings, which counts if that user's folder is the same.
TEST(CacheMounts, AreSafeNextToFoldersOfOtherUsers) {
  const std::string later =
      "RUN pip install -r a.txt\nUSER 5:5\nENV HOME=/home/x\nRUN pip install -r b.txt\n";
  EXPECT_EQ(offered_mounts("FROM python:3.12\n" + later).substr(0, 6), "2 safe");
  EXPECT_EQ(offered_mounts("FROM python:3.12\nENV PIP_CACHE_DIR=/cache\n" + later).substr(0, 8), "3 unsafe");
}

// Another command of the RUN with the mount.
TEST(CacheMounts, AreSafeNextToCommandsThatNameOtherFiles) {
  const auto offered = [](const std::string& rest) {
    return offered_mounts("FROM rust:1.80 AS b\nWORKDIR /src\nCOPY . .\nRUN cargo build --release && " +
                          rest + "\nFROM debian:12\nCOPY --from=b /app /app\nCMD [\"/app\"]\n");
  };
  for (const char* rest :
       {"cp target/release/app /app", "mv target/release/app /", "strip target/release/app",
        "cp -r target/release /app", "install -m 755 target/release/app /usr/bin/app",
        "ln -s /src/target/release/app /app", "cd target/release && mv app /app",
        "tar czf /app.tgz target/release", "mkdir -p /app && cp target/release/a* /app",
        "find target -name '*.so' -exec cp {} /app \\;"})
    EXPECT_EQ(offered(rest), "4 safe /usr/local/cargo/registry") << rest;
  for (const char* rest :
       {"./target/release/app --init", "cp $(find . -name app) /app", "mv target/release/app $OUT",
        "tar cf /all.tar /", "cp -r / /copy", "cd /usr/local && cp -r cargo /copy",
        "cd .. && cp -r usr /copy", "cd $OUT && mv app /app", "cp -r ../usr/local /copy",
        "find / -name '*.crate' -delete"})
    EXPECT_EQ(offered(rest).find("4 safe"), std::string::npos) << rest;
}

// A later step that has all that it needs.
TEST(CacheMounts, AreSafeBeforeStepsThatNeedNoPackages) {
  const auto maven = [](const std::string& later) {
    return offered_mounts(
        "FROM maven:3-eclipse-temurin-21 AS b\nWORKDIR /s\nCOPY . .\nRUN mvn package\nRUN " + later +
        "\nFROM eclipse-temurin:21-jre\nCOPY --from=b /s/a.jar /a.jar\n");
  };
  for (const char* later : {"jar xf target/a.jar", "java -Djarmode=layertools -jar target/a.jar extract",
                            "java -Djarmode=tools -jar a.jar extract --layers --destination x", "unzip a.jar",
                            "mvn --version", "mvn -B -version"})
    EXPECT_EQ(maven(later), "4 safe /root/.m2/repository") << later;
  for (const char* later :
       {"java -jar target/a.jar", "java -Djarmode=tools -cp x:y Main", "jar @arguments", "mvn -o verify",
        "java @arguments -Djarmode=tools -jar a.jar extract", "java -jar a.jar -Djarmode=tools extract"})
    EXPECT_EQ(maven(later).find("4 safe"), std::string::npos) << later;
  const auto dotnet = [](const std::string& later) {
    return offered_mounts(
        "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /s\nCOPY . .\nRUN dotnet publish -o /o\nRUN " +
        later + "\nFROM rt\nCOPY --from=b /o /o\n");
  };
  for (const char* later :
       {"dotnet --info", "dotnet --version", "dotnet --list-sdks", "dotnet nuget list source",
        "dotnet build-server shutdown", "dotnet tool install -g x", "dotnet dev-certs https"})
    EXPECT_EQ(dotnet(later), "4 safe /root/.nuget/packages") << later;
  // The packages of a test project say that it is one, and collectors are started from the folder.
  for (const char* later : {"dotnet test --no-build", "dotnet publish --no-build", "dotnet run -- --info",
                            "dotnet ef migrations bundle", "dotnet tool restore",
                            "dotnet nuget locals all --clear", "dotnet a.dll --version"})
    EXPECT_EQ(dotnet(later).find("4 safe"), std::string::npos) << later;
}

TEST(CacheMounts, TakesTheProjectIntoAccount) {
  const test::TemporaryFolder folder;
  folder.write("vendor/modules.txt", "");
  EXPECT_EQ(offered_mounts("FROM golang AS b\nCOPY . .\nRUN go build .\nFROM scratch\nCOPY --from=b /x /x\n",
                           test::facts_of(folder)),
            "3 safe /root/.cache/go-build");
  const test::TemporaryFolder filled;
  filled.write("home/.cache/pip/x", "");
  filled.write("other/x", "");
  EXPECT_EQ(offered_mounts("FROM python\nCOPY home/ /root/\nRUN pip install a\n", test::facts_of(filled)),
            "3 none /root/.cache/pip");
  EXPECT_EQ(offered_mounts("FROM python\nCOPY other/ /root/\nRUN pip install a\n", test::facts_of(filled)),
            "3 safe /root/.cache/pip");
  const test::TemporaryFolder berry;
  berry.write(".yarnrc.yml", "nodeLinker: node-modules\n");
  EXPECT_EQ(offered_mounts("FROM node\nCOPY . .\nRUN yarn install\n", test::facts_of(berry)),
            "3 none FOLDER");
  const test::TemporaryFolder lock;
  lock.write("yarn.lock", "# yarn lockfile v1\n");
  const char* const kInstall = "FROM node\nCOPY package.json yarn.lock ./\nRUN yarn install\n";
  EXPECT_EQ(offered_mounts(kInstall, test::facts_of(lock)), "3 safe /usr/local/share/.cache/yarn");
  lock.write("yarn.lock", "__metadata:\n  version: 8\n");
  EXPECT_EQ(offered_mounts(kInstall, test::facts_of(lock)), "3 none FOLDER");
}

// A later step that downloads nothing may be a script.
TEST(CacheMounts, AreNotSafeIfAScriptOfTheProjectWorksOffline) {
  struct Script {
    const char* path;
    const char* text;
    const char* dockerfile;
    const char* expected;
  };
  for (const Script& one : std::vector<Script>{
           {"scripts/offline.sh", "npm ci --offline --omit=dev\n",
            "FROM node\nRUN npm ci\nRUN sh scripts/offline.sh\n", "2 unsafe /root/.npm"},
           {"scripts/online.sh", "npm ci --prefer-offline\n",
            "FROM node\nRUN npm ci\nRUN sh scripts/online.sh\n", "2 safe /root/.npm"},
           {"package.json", "{\"scripts\":{\"reinstall\":\"npm ci --offline\"}}",
            "FROM node\nRUN npm ci\nRUN npm run reinstall\n", "2 unsafe /root/.npm"},
           {"package.json", "{\"scripts\":{\"build\":\"tsc\"}}", "FROM node\nRUN npm ci\nRUN npm run build\n",
            "2 safe /root/.npm"},
           {"ci.sh", "yarn install --offline --production\n", "FROM node\nRUN yarn install\nRUN ./ci.sh\n",
            "2 unsafe /usr/local/share/.cache/yarn"},
           {"Makefile", "all:\n\tnpm_config_offline=true npm ci\n", "FROM node\nRUN npm ci\nRUN make\n",
            "2 unsafe /root/.npm"},
           {"Makefile", "all:\n\tpip install --no-index -r r.txt\n",
            "FROM python\nRUN pip install a\nRUN make\n", "2 unsafe /root/.cache/pip"},
           {"Makefile", "all:\n\tnpm ci --offline\n", "FROM node\nRUN npm ci\nRUN chmod +x a\n",
            "2 safe /root/.npm"},
           {"start", "exec npm ci --offline\n", "FROM node\nRUN npm ci\nCMD [\"./start\"]\n",
            "2 unsafe /root/.npm"},
           {"ci.sh", "npm ci --offline\n", "FROM node\nRUN npm ci\nRUN npm install -g a\n",
            "2 safe /root/.npm; 3 safe /root/.npm"},
           {"ci.sh", "uv sync --offline\n", "FROM python\nRUN uv sync\nRUN ./ci.sh\n",
            "2 unsafe /root/.cache/uv"},
           {"ci.sh", "bundle install --local\n", "FROM ruby\nRUN bundle install\nRUN ./ci.sh\n",
            "2 unsafe /usr/local/bundle/cache"},
           {"ci.sh", "npm ci --offline\n",
            "FROM node\nRUN npm ci\nRUN --mount=type=cache,target=/root/.npm ./ci.sh\n", "2 safe /root/.npm"},
       }) {
    const test::TemporaryFolder folder;
    folder.write(one.path, one.text);
    EXPECT_EQ(offered_mounts(one.dockerfile, test::facts_of(folder)), one.expected) << one.path << one.text;
  }
  // Nothing is known of the script.
  EXPECT_EQ(offered_mounts("FROM node\nRUN npm ci\nRUN make\n"), "2 unsafe /root/.npm");
  EXPECT_EQ(offered_mounts("FROM node\nRUN npm ci\nRUN ./x\n"), "2 unsafe /root/.npm");
}

// What is known of the Dockerfile of a folder below another one.
lint::BuildFacts facts_below(const test::TemporaryFolder& folder, const std::string& below) {
  const auto files = [&folder, below](const plan::Graph*) -> std::shared_ptr<const lint::BuildContext> {
    return lint::read_build_context(folder / below, {});
  };
  return lint::BuildFacts({.files = files, .dockerfile = folder / (below + "/Dockerfile")});
}

struct BuilderCase {
  const char* path;
  const char* text;
  bool safe;
  const char* dockerfile = "FROM node\nRUN npm ci\n";
};

TEST(CacheMounts, AreNotSafeIfTheProjectBuildsWithoutBuildkit) {
  for (const BuilderCase& one : std::vector<BuilderCase>{
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n", false},
           {"ci/cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n",
            false},
           {"cloudbuild.json", R"({"steps":[{"name":"gcr.io/cloud-builders/docker","args":["build","."]}]})",
            false},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n- name: "
            "gcr.io/cloud-builders/docker\n"
            "  args: [buildx, ls]\n",
            false},
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [buildx, build, .]\n",
            true},
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [push, a]\n", true},
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  env: [DOCKER_BUILDKIT=1]\n",
            true},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/docker\n  entrypoint: bash\n  args: [-c, 'docker build "
            ".']\n",
            false},
           {"cloudbuild.yaml",
            "options:\n  env: [DOCKER_BUILDKIT=1]\nsteps:\n- name: gcr.io/cloud-builders/docker\n  args: "
            "[build, .]\n",
            true},
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/kaniko-project/executor\n", false},
           {".gitlab-ci.yml", "a:\n  script: [/kaniko/executor --context .]\n", false},
           {".gitlab-ci.yml", "a:\n  script: [docker build .]\n", true},
           {".gitlab-ci.yml", "a:\n  image: docker:19.03\n  script: [docker build .]\n", false},
           {".gitlab-ci.yml",
            "a:\n  image: docker:27\n  services: ['docker:20.10-dind']\n  script: [docker build .]\n", true},
           {".gitlab-ci.yml",
            "a: {image: docker:27, services: [docker:20.10-dind], script: [docker build .]}\n", true},
           {".gitlab-ci.yml",
            "a:\n  image: docker:20.10\n  services: ['docker:27-dind']\n  script: [docker build .]\n", false},
           {".gitlab-ci.yml", "a:\n  image: docker:20.10-dind\n  script: [docker build .]\n", false},
           {".gitlab-ci.yml", "a:\n  image: docker:27 # was docker:20.10\n  script: [docker build .]\n",
            true},
           // Other things have the name of kaniko too.
           {".gitlab-ci.yml", "a:\n  script: [docker build .] # replaced kaniko\n", true},
           {".github/labels.yml", "- name: kaniko\n  color: ededed\n", true},
           {"package.json", R"({"keywords": ["docker", "kaniko"]})", true},
           {"k8s/sa.yaml", "kind: ServiceAccount\nmetadata:\n  name: kaniko\n", true},
           {"examples/ci.yml", "a: {image: 'gcr.io/kaniko-project/executor'}\n", true},
           {"test/fixtures/ci.yml", "a: {image: 'gcr.io/kaniko-project/executor'}\n", true},
           {"tekton/run.yaml", "spec:\n  tasks:\n  - taskRef:\n      name: kaniko\n", false},
           {".woodpecker.yml", "steps:\n  a:\n    image: woodpeckerci/plugin-kaniko\n", false},
           {"deploy.sh", "docker run -v $PWD:/w \\\n  martizih/kaniko -c /w\n", false},
           {"devspace.yaml", "images:\n  a:\n    kaniko:\n      cache: true\n", false},
           {".gitlab-ci.yml", "a:\n  image: docker:23.0\n  script: [docker build .]\n", true},
           {".gitlab-ci.yml", "a:\n  image: docker:19.03\n  script: [docker buildx build .]\n", true},
           {".gitlab-ci.yml",
            "variables: {DOCKER_BUILDKIT: 1}\na:\n  image: docker:19.03\n  script: [docker build .]\n", true},
           {".gitlab/build.yml", "b:\n  image: gcr.io/kaniko-project/executor:debug\n", false},
           {".github/workflows/a.yml", "jobs: {a: {steps: [{uses: aevea/action-kaniko@master}]}}\n", false},
           {".circleci/config.yml", "jobs: {a: {docker: [{image: 'gcr.io/kaniko-project/executor'}]}}\n",
            false},
           {".circleci/config.yml",
            "jobs:\n  a:\n    steps:\n    - setup_remote_docker:\n        version: 20.10.24\n    - run: "
            "docker build .\n",
            false},
           {"tekton/task.yaml", "spec: {steps: [{image: 'gcr.io/kaniko-project/executor:v1.9.1'}]}\n", false},
           {"azure-pipelines.yml", "variables:\n  DOCKER_BUILDKIT: 0\nsteps:\n- script: docker build .\n",
            false},
           {"azure-pipelines.yml", "variables:\n- name: DOCKER_BUILDKIT\n  value: 0\n", false},
           {"azure-pipelines.yml", "variables:\n- name: DOCKER_BUILDKIT\n  value: 1\n", true},
           {"Jenkinsfile", "environment { DOCKER_BUILDKIT = '0' }\n", false},
           {"Makefile", "export DOCKER_BUILDKIT = 0\nbuild:\n\tdocker build .\n", false},
           {"Makefile", "build:\n\tDOCKER_BUILDKIT=0 docker build .\n", false},
           {"Makefile", "# DOCKER_BUILDKIT=0 docker build .\nbuild:\n\tdocker build .\n", true},
           {"Makefile", "build:\n\tDOCKER_BUILDKIT=1 docker build .\n", true},
           {"Makefile", "help:\n\t@echo \"for old hosts: DOCKER_BUILDKIT=0 docker build .\"\n", true},
           {"Makefile", "all:\n\t@echo a; DOCKER_BUILDKIT=0 docker build .\n", false},
           {"Makefile", "all:\n\techo \"$$(DOCKER_BUILDKIT=0 docker build -q .)\"\n", false},
           {".github/workflows/a.yml", "run: echo DOCKER_BUILDKIT=0 >> $GITHUB_ENV\n", false},
           {"ci/build.sh", "printf 'or: az acr build -r r .' >&2\n# docker\n", true},
           {".env", "DOCKER_BUILDKIT=0\n", false},
           {"legacy/.env", "DOCKER_BUILDKIT=0\n# docker\n", true},
           {"ci/build.sh", "DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build .\n", false},
           {"README.md", "If that fails, try `DOCKER_BUILDKIT=0 docker build .`\n", true},
           {"deploy.sh", "az acr build -r r -t a .\n", false},
           {"azure.yaml", "services:\n  a:\n    docker:\n      remoteBuild: true\n", false},
           {"deploy.sh", "gcloud builds submit --tag gcr.io/a/b\n", false},
           {"deploy.sh", "gcloud builds submit --config c.yaml .\n", true},
           {"deploy.sh", "gcloud run deploy a \\\n  --source .\n", false},
           {"heroku.yml", "build:\n  docker:\n    web: Dockerfile\n", false},
           {"app.yaml", "runtime: custom\nenv: flex\n", false},
           {"app.yaml", "runtime: python312\n", true},
           {"captain-definition", R"({"schemaVersion": 2, "dockerfilePath": "./Dockerfile"})", false},
           {"template.yaml",
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Properties: {a: 1}\n"
            "    PackageType: Image\n    Metadata: {Dockerfile: Dockerfile}\n",
            false},
           {"deploy/heroku.yml", "build:\n  docker:\n    web: Dockerfile\n", true},
           {"ci/build.py", "import docker\ndocker.from_env().images.build(path='.')\n", false},
           {"ci/build.py", "import docker\ndocker.from_env().images.pull('a')\n", true},
           {"ci/build.py", "import docker\ndocker.APIClient().build(path='.')\n", false},
           {"ci/build.py", "import docker\nc = docker.APIClient()\nc.build(path='.')\n", false},
           {"tests/a.py", "import docker\ndocker.from_env().images.build(path=tmp_path, tag='a')\n", true},
           {"tests/a.py", "import docker\ndocker.from_env().images.build(tag='a', path=str(tmp_path))\n",
            true},
           {"tests/a.py", "import docker\ndocker.from_env().images.build(path='.')\n", false},
           {"play/site.yml", "- hosts: a\n  tasks:\n  - docker_image:\n      name: a\n      source: build\n",
            false},
           {"railway.toml", "[build]\nbuilder = \"DOCKERFILE\"\n", false},
           {"railway.toml", "[build]\nbuilder = \"NIXPACKS\"\n", true},
           // What the Dockerfile has already, its builder knows.
           {"Makefile", "export DOCKER_BUILDKIT = 0\n", true,
            "# syntax=docker/dockerfile:1\nFROM node\nRUN npm ci\n"},
           {"Makefile", "export DOCKER_BUILDKIT = 0\n", true,
            "FROM node\nRUN <<EOF\necho\nEOF\nRUN npm ci\n"},
           {"Makefile", "export DOCKER_BUILDKIT = 0\n", true,
            "FROM node\nRUN --mount=type=bind,target=/x true\nRUN npm ci\n"},
           {".gitlab-ci.yml", "a: {script: [/kaniko/executor]}\n", false,
            "# syntax=docker/dockerfile:1\nFROM node\nRUN npm ci\n"},
           // It builds another Dockerfile.
           {"other/cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n", true}}) {
    const test::TemporaryFolder folder;
    folder.write("other/Dockerfile", "FROM a\n");
    folder.write(one.path, one.text);
    const std::string found = offered_mounts(one.dockerfile, test::facts_of(folder));
    EXPECT_EQ(found.find(" safe") != std::string::npos, one.safe) << one.path << "\n" << one.text << found;
  }
}

void expect_safety(const std::vector<BuilderCase>& cases) {
  for (const BuilderCase& one : cases) {
    const test::TemporaryFolder folder;
    folder.write("other/Dockerfile", "FROM a\n");
    folder.write(one.path, one.text);
    const std::string found = offered_mounts(one.dockerfile, test::facts_of(folder));
    EXPECT_EQ(found.find(" safe") != std::string::npos, one.safe) << one.path << "\n" << one.text << found;
  }
}

// Texts that are printed, whatever their number of lines.
TEST(CacheMounts, AreSafeIfABuilderIsOnlyPrinted) {
  expect_safety(
      {{"ci/help.sh", "cat <<EOF\nusage: DOCKER_BUILDKIT=0 docker build .\nEOF\n", true},
       {"ci/help.sh", "usage() { cat >&2 <<-'END'\n\taz acr build -r r .\n\tEND\n}\n# docker\n", true},
       {"ci/help.sh", ": <<'OFF'\nDOCKER_BUILDKIT=0 docker build .\nOFF\n", true},
       {"ci/help.sh", "cat <<EOF > build.sh\nDOCKER_BUILDKIT=0 docker build .\nEOF\n", false},
       {"ci/help.sh", "cat <<EOF | sh\nDOCKER_BUILDKIT=0 docker build .\nEOF\n", false},
       {"ci/help.sh", "bash <<EOF\nDOCKER_BUILDKIT=0 docker build .\nEOF\n", false},
       {"ci/help.sh", "x=$(cat <<EOF\nDOCKER_BUILDKIT=0 docker build .\nEOF\n)\neval \"$x\"\n", false},
       {"ci/help.sh", "cat <<EOF\nhelp\nEOF\nDOCKER_BUILDKIT=0 docker build .\n", false},
       {"ci/help.sh", "echo \"usage:\n  DOCKER_BUILDKIT=0 docker build .\n\"\n", true},
       {"ci/help.sh", "echo \"usage:\n  DOCKER_BUILDKIT=0 docker build .\n\" | sh\n", false},
       {"ci/help.sh", "echo \"don't\"\nDOCKER_BUILDKIT=0 docker build .\n", false},
       {"ci/help.py", "print(\"\"\"usage:\n DOCKER_BUILDKIT=0 docker build .\n\"\"\")\n", true},
       {".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n    - run: |\n        cat <<EOF\n        DOCKER_BUILDKIT=0 docker build "
        ".\n"
        "        EOF\n",
        true},
       {".github/workflows/a.yml",
        "jobs:\n  a:\n    steps:\n    - run: echo 'DOCKER_BUILDKIT=0 docker build .' >> "
        "$GITHUB_STEP_SUMMARY\n",
        true}});
}

// Builders that talk to Docker's interface, and services.
TEST(CacheMounts, AreNotSafeIfAnInterfaceOrServiceBuilds) {
  expect_safety(
      {{"bitbucket-pipelines.yml",
        "pipelines:\n  default:\n  - step:\n      services: [docker]\n      script:\n      - docker build "
        ".\n",
        false},
       {"bitbucket-pipelines.yml",
        "pipelines:\n  default:\n  - step:\n      script:\n      - export DOCKER_BUILDKIT=1\n      - "
        "docker build "
        ".\n",
        true},
       {"bitbucket-pipelines.yml",
        "options:\n  runtime:\n    cloud:\n      version: \"3\"\npipelines:\n  default:\n  - step:\n      "
        "script: [docker build .]\n",
        true},
       {"bitbucket-pipelines.yml", "pipelines:\n  default:\n  - step: {script: [docker push a]}\n", true},
       {"pom.xml",
        "<project><plugin><groupId>com.spotify</groupId><artifactId>dockerfile-maven-plugin</artifactId>"
        "</plugin></project>",
        false},
       {"pom.xml", "<project><!-- <artifactId>dockerfile-maven-plugin</artifactId> --></project>", true},
       {"pom.xml",
        "<project><plugin><groupId>io.fabric8</groupId>\n<artifactId>docker-maven-plugin</artifactId>"
        "</plugin></project>",
        false},
       {"pom.xml",
        "<project><plugin><groupId>io.fabric8</groupId>\n<artifactId>docker-maven-plugin</artifactId>"
        "<build><buildx><platforms/></buildx></build></plugin></project>",
        true},
       {"build.gradle",
        "plugins { id 'com.bmuschko.docker-remote-api' }\ntask a(type: DockerBuildImage) {}\n", false},
       {"main.tf", "resource \"docker_image\" \"a\" {\n  build {\n    context = \".\"\n  }\n}\n", false},
       {"main.tf",
        "resource \"docker_image\" \"a\" {\n  build {\n    context = \".\"\n    builder = \"default\"\n  "
        "}\n}\n",
        true},
       {"main.tf", "resource \"docker_image\" \"a\" {\n  name = \"nginx\"\n}\n", true},
       {"devspace.yaml", "images:\n  a:\n    image: b\n", false},
       {"devspace.yaml", "images:\n  a:\n    image: b\n    build: {docker: {useBuildKit: true}}\n", true},
       {".github/workflows/a.yml",
        "jobs: {a: {steps: [{uses: 'google-github-actions/deploy-cloudrun@v2', with: {source: ./}}]}}\n",
        false},
       {".github/workflows/a.yml",
        "jobs: {a: {steps: [{uses: 'google-github-actions/deploy-cloudrun@v2', with: {image: a}}]}}\n", true},
       // Podman has mounts.
       {"build.sh", "podman build -t a .\n", true}});
}

struct ServicesCase {
  const char* path;
  const char* text;
  bool a_is_safe;
  bool b_is_safe;
};

// A command that names one service says nothing of the others.
TEST(CacheMounts, AreSafeIfAnotherServiceIsBuiltWithoutBuildkit) {
  for (const ServicesCase& one : std::vector<ServicesCase>{
           {"Makefile", "all:\n\tgcloud builds submit --tag gcr.io/p/a a\n\tdocker buildx build b\n", false,
            true},
           {"Makefile", "all:\n\tDOCKER_BUILDKIT=0 docker build -f a/Dockerfile a\n", false, true},
           {"Makefile", "all:\n\tDOCKER_BUILDKIT=1 docker build a\n\tDOCKER_BUILDKIT=0 docker build b\n",
            true, false},
           {"Makefile", "all:\n\tDOCKER_BUILDKIT=0 docker build -t a ./b && docker build a\n", true, false},
           {"Makefile", "all:\n\tDOCKER_BUILDKIT=0 docker build -t a $(DIR)\n", false, false},
           {"Makefile", "all:\n\tDOCKER_BUILDKIT=0 docker build -t a -f b/Dockerfile .\n", true, false},
           {"Makefile", "export DOCKER_BUILDKIT=0\nall:\n\tdocker build a\n", false, false},
           {"deploy.sh", "az acr build -r r -t a \\\n  b\n", true, false},
           {"deploy.sh", "gcloud run deploy a --source b\n", true, false},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, -t, x, a]\n- name: "
            "gcr.io/cloud-builders/docker\n  args: [build, -t, y, b]\n  env: [DOCKER_BUILDKIT=1]\n",
            false, true},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/docker\n  dir: b\n  args: [build, -t, x, .]\n", true,
            false},
           {"a/deploy/gcp/deploy.sh", "gcloud builds submit --tag x b\n", true, false},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/google.com/cloudsdktool/cloud-sdk\n  entrypoint: gcloud\n  args: [run, "
            "deploy, x, "
            "--source, b]\n",
            true, false},
           {"cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, x, --image, b]\n", true,
            true},
           // The folder that the shell is in, and what its variables are.
           {"Makefile", "all:\n\tcd b && DOCKER_BUILDKIT=0 docker build .\n", true, false},
           {"Makefile", "DIR = b\nall:\n\t@DOCKER_BUILDKIT=0 docker build $(DIR)\n", true, false},
           {"Makefile", "DIR ?= b\nall:\n\tDOCKER_BUILDKIT=0 docker build $(DIR)\n", false, false},
           {"Makefile", "DIR = b\nDIR = a\nall:\n\tDOCKER_BUILDKIT=0 docker build $(DIR)\n", false, false},
           {"build.sh", "cd b\nDOCKER_BUILDKIT=0 docker build .\n", true, false},
           {"build.sh", "dir=b\nDOCKER_BUILDKIT=0 docker build -t x \"$dir\"\n", true, false},
           {"build.sh", "for d in a b; do DOCKER_BUILDKIT=0 docker build \"$d\"; done\n", false, false},
           {"build.sh", "DOCKER_BUILDKIT=0 docker build $1\n", false, false},
           {"build.sh", "cd b\naz acr build -r r .\n", true, false},
           {"ci/build.sh", "cd \"$(dirname \"$0\")/../b\" && DOCKER_BUILDKIT=0 docker build .\n", true,
            false},
           {"build.sh", "export DOCKER_BUILDKIT=0\ncd b\ndocker build .\nmake images\n", false, false},
           {"build.sh", "DOCKER_BUILDKIT=0 docker build a\nDOCKER_BUILDKIT=0 docker compose build\n", false,
            false},
           {"package.json", R"({"scripts": {"docker": "cd b && DOCKER_BUILDKIT=0 docker build ."}})", true,
            false},
           {".github/workflows/a.yml",
            "jobs:\n  x:\n    steps:\n    - run: DOCKER_BUILDKIT=0 docker build .\n      working-directory: "
            "b\n",
            true, false},
           {".github/workflows/a.yml",
            "jobs:\n  x:\n    env: {DIR: b}\n    steps:\n    - run: DOCKER_BUILDKIT=0 docker build $DIR\n",
            true, false},
           {".github/workflows/a.yml",
            "jobs:\n  x:\n    steps:\n    - run: DOCKER_BUILDKIT=0 docker build ${{ matrix.dir }}\n", false,
            false},
           {".gitlab-ci.yml",
            "x:\n  before_script: [cd b]\n  script:\n  - DOCKER_BUILDKIT=0 docker build .\n", true, false},
           {".gitlab-ci.yml", "x:\n  image: docker:19.03\n  script:\n  - cd b\n  - docker build .\n", true,
            false},
           {".gitlab-ci.yml",
            "x:\n  image: gcr.io/kaniko-project/executor:debug\n  script:\n  - /kaniko/executor --context "
            "$CI_PROJECT_DIR/b --dockerfile $CI_PROJECT_DIR/b/Dockerfile\n",
            true, false},
           {".gitlab-ci.yml",
            "x:\n  image: gcr.io/kaniko-project/executor:debug\n  script:\n  - /kaniko/executor --context "
            "$DIR\n",
            false, false},
           {"bitbucket-pipelines.yml",
            "pipelines:\n  default:\n  - step:\n      script:\n      - docker build b\n", true, false},
           {"main.tf",
            "resource \"docker_image\" \"x\" {\n  build {\n    context = \"${path.module}/b\"\n  }\n}\n",
            true, false},
           {"b/pom.xml", "<project><artifactId>dockerfile-maven-plugin</artifactId></project>", true, false},
           {".github/workflows/a.yml",
            "jobs: {x: {steps: [{uses: 'google-github-actions/deploy-cloudrun@v2', with: {source: b}}]}}\n",
            true, false},
       }) {
    const test::TemporaryFolder folder;
    folder.write(".git/HEAD", "");
    folder.write("a/Dockerfile", "FROM node\nRUN npm ci\n");
    folder.write("b/Dockerfile", "FROM node\nRUN npm ci\n");
    folder.write(one.path, one.text);
    for (const auto& [service, is_safe] : {std::pair("a", one.a_is_safe), std::pair("b", one.b_is_safe)}) {
      EXPECT_EQ(offered_mounts("FROM node\nRUN npm ci\n", facts_below(folder, service)),
                is_safe ? "2 safe /root/.npm" : "2 unsafe /root/.npm")
          << service << "\n"
          << one.text;
    }
  }
}

// The search around a service goes less deep than the one from the root.
TEST(CacheMounts, AreNotSafeIfADeepScriptNextToThemBuildsWithoutBuildkit) {
  const test::TemporaryFolder folder;
  folder.write(".git/HEAD", "");
  folder.write("services/b/Dockerfile", "FROM node\nRUN npm ci\n");
  folder.write("services/deploy/gcp/deploy.sh", "gcloud builds submit --tag x services/b\n");
  EXPECT_EQ(offered_mounts("FROM node\nRUN npm ci\n", facts_below(folder, "services/b")),
            "2 unsafe /root/.npm");
}

TEST(CacheMounts, AreNotSafeIfSkaffoldBuildsWithoutBuildkit) {
  const std::string head = "apiVersion: skaffold/v4beta13\nkind: Config\n";
  const std::string artifact = "  artifacts:\n  - image: a\n    context: .\n";
  for (const auto& [text, safe] : std::vector<std::pair<std::string, bool>>{
           {"build:\n" + artifact, false},
           {"build:\n" + artifact + "  local: {}\n", false},
           {"build:\n" + artifact + "  local: {useBuildkit: false}\n", false},
           {"build:\n" + artifact + "  local: {useDockerCLI: true, useBuildkit: false}\n", false},
           {"build:\n" + artifact + "  local: {useBuildkit: true}\n", true},
           {"build:\n" + artifact + "  local: {useDockerCLI: true}\n", true},
           {"build:\n" + artifact + "    docker: {cliFlags: [--progress=plain]}\n", true},
           {"build:\n" + artifact + "    platforms: [linux/amd64, linux/arm64]\n", false},
           {"build:\n" + artifact + "    platforms: [linux/amd64]\n  googleCloudBuild: {}\n", true},
           {"build:\n" + artifact + "    kaniko: {}\n", false},
           {"build:\n  artifacts:\n  - image: a\n    context: other\n    kaniko: {}\n", true},
           {"build:\n" + artifact + "    ko: {}\n", true},
           {"build:\n  artifacts:\n  - image: a\n    context: other\n", true},
           {"build:\n  artifacts:\n  - image: a\n    context: .\n    docker: {dockerfile: "
            "other/Dockerfile}\n",
            true},
           {"build:\n" + artifact + "  googleCloudBuild: {}\n", false},
           {"build:\n" + artifact + "  cluster: {}\n", false},
           {"build:\n" + artifact +
                "  local: {useBuildkit: true}\nprofiles:\n- name: old\n  build: {local: {useBuildkit: "
                "false}}\n",
            false}}) {
    const test::TemporaryFolder folder;
    folder.write("other/Dockerfile", "FROM a\n");
    folder.write("Dockerfile", "FROM node\nRUN npm ci\n");
    folder.write("skaffold.yaml", head + text);
    const std::string found = offered_mounts("FROM node\nRUN npm ci\n", test::facts_of(folder));
    EXPECT_EQ(found, safe ? "2 safe /root/.npm" : "2 unsafe /root/.npm") << text;
  }
}

// Two builds at once would both write there, and the package manager's own lock is elsewhere.
TEST(CacheMounts, AreLockedWhereThePackageManagerIsNot) {
  const lint::Config config = test::config_selecting({"DC1003"});
  for (const auto& [text, flag] : std::vector<std::pair<std::string, std::string>>{
           {"FROM rust AS b\nRUN cargo build\nFROM scratch\nCOPY --from=b /x /x\n",
            "target=/usr/local/cargo/registry,sharing=locked "},
           {"FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nRUN dotnet publish\nFROM scratch\nCOPY --from=b /x "
            "/x\n",
            "target=/root/.nuget/packages,sharing=locked "},
           {"FROM ruby\nRUN bundle install\n", "target=/usr/local/bundle/cache,sharing=locked "},
           {"FROM composer\nRUN composer install\n", "target=/tmp/cache,sharing=locked "},
           {"FROM elixir\nRUN mix deps.get\n", "target=/root/.hex/packages,sharing=locked "},
           {"FROM python\nRUN pip install -r r.txt\n", "target=/root/.cache/pip \\"},
           {"FROM golang AS b\nRUN go mod download\nFROM scratch\nCOPY --from=b /x /x\n",
            "target=/go/pkg/mod \\"}}) {
    std::string fixed = test::fixed(text, config);
    std::ranges::replace(fixed, '\n', ' ');
    const std::string wanted = flag.ends_with('\\') ? flag : flag + "\\";
    EXPECT_NE(fixed.find(wanted), std::string::npos) << fixed;
  }
}

// `gunicorn==22.0.0` is not a variable, and `env A_TOKEN=b` sets one.
TEST(CacheMounts, AreSafeIfVersionsOfPackagesDiffer) {
  const std::string rest = "pip install gunicorn==22.0.0\nRUN pip install -r requirements.txt\n";
  const std::string head = "FROM python:3.12-slim\nCOPY requirements.txt .\nRUN ";
  EXPECT_EQ(offered_mounts(head + rest), "3 safe /root/.cache/pip; 4 safe /root/.cache/pip");
  EXPECT_EQ(offered_mounts(head + "env A_TOKEN=b " + rest),
            "3 unsafe /root/.cache/pip; 4 unsafe /root/.cache/pip");
}

TEST(CacheMounts, AreNotSafeIfTheProjectIsDownloaded) {
  const test::TemporaryFolder folder;
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"FROM node\nRUN git clone https://a/b /app\nWORKDIR /app\nRUN npm ci\n", "4 unsafe /root/.npm"},
           {"FROM node\nRUN git clone https://a/b /app && cd /app && npm ci\n", "2 unsafe /root/.npm"},
           {"FROM node\nRUN curl -L https://a/b.tgz | tar xz\nRUN npm ci\n", "3 unsafe /root/.npm"},
           {"FROM node\nADD https://a/b.git /app\nRUN npm ci\n", "3 unsafe /root/.npm"},
           {"FROM node\nADD a.tar.gz /app\nRUN npm ci\n", "3 unsafe /root/.npm"},
           {"FROM python\nRUN git clone https://a/b /app\nRUN pip install /app\n",
            "3 unsafe /root/.cache/pip"},
           {"FROM node\nRUN git clone https://a/b /tool\nCOPY package.json package-lock.json ./\nRUN npm "
            "ci\n",
            "4 safe /root/.npm"},
           {"FROM node\nRUN git clone https://a/b /tool\nCOPY . .\nRUN npm ci\n", "4 safe /root/.npm"},
           {"FROM node\nRUN git clone https://a/b /tool\nCOPY run.sh /\nRUN npm ci\n", "4 unsafe /root/.npm"},
           {"FROM python\nRUN git clone https://a/b /tool\nRUN pip install flask==3.0\n",
            "3 safe /root/.cache/pip"}})
    EXPECT_EQ(offered_mounts(text), expected) << text;
}

struct MovingCase {
  const char* path;
  const char* text;
  const char* dockerfile;
  bool safe;
};

TEST(CacheMounts, AreNotSafeIfManifestsAskForTheNewest) {
  const char* const kMaven =
      "FROM maven AS b\nCOPY . .\nRUN mvn -B package\nFROM scratch\nCOPY --from=b /x /x\n";
  const char* const kGradle =
      "FROM gradle AS b\nCOPY . .\nRUN gradle bootJar\nFROM scratch\nCOPY --from=b /x /x\n";
  const char* const kSbt =
      "FROM eclipse-temurin:21 AS b\nCOPY . .\nRUN sbt package\nFROM scratch\nCOPY --from=b /x /x\n";
  const char* const kDotnet =
      "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nCOPY . .\nRUN dotnet publish\nFROM scratch\nCOPY --from=b "
      "/x /x\n";
  for (const MovingCase& one : std::vector<MovingCase>{
           {"pom.xml",
            "<project><version>1-SNAPSHOT</version><dependencies><dependency><version>2-SNAPSHOT</version>"
            "</dependency></dependencies></project>",
            kMaven, false},
           {"pom.xml",
            "<project><version>1-SNAPSHOT</version><dependencies><dependency><version>1-SNAPSHOT</version>"
            "</dependency></dependencies></project>",
            kMaven, true},
           {"pom.xml", "<project><parent><version>3-SNAPSHOT</version></parent></project>", kMaven, false},
           {"pom.xml",
            "<project><groupId>a</groupId><version>1-SNAPSHOT</version><dependencies><dependency><groupId>b</"
            "groupId><version>1-SNAPSHOT</version></dependency></dependencies></project>",
            kMaven, false},
           {"pom.xml",
            "<project><groupId>a</groupId><version>1-SNAPSHOT</version><dependencies><dependency><groupId>a</"
            "groupId><version>1-SNAPSHOT</version></dependency></dependencies></project>",
            kMaven, true},
           {"pom.xml",
            "<project><properties><b.version>[1,2)</b.version></properties><dependencies><dependency>"
            "<groupId>b</groupId><version>${b.version}</version></dependency></dependencies></project>",
            kMaven, false},
           {"pom.xml", "<project><!-- <dependency><version>2-SNAPSHOT</version></dependency> --></project>",
            kMaven, true},
           {"src/test/resources/pom.xml", "<project><parent><version>3-SNAPSHOT</version></parent></project>",
            kMaven, true},
           {"samples/x/pom.xml", "<project><parent><version>3-SNAPSHOT</version></parent></project>", kMaven,
            true},
           {"samples/pom.xml", "<project><parent><version>3-SNAPSHOT</version></parent></project>",
            "FROM maven AS b\nCOPY . .\nRUN mvn -f samples/pom.xml package\nFROM scratch\nCOPY --from=b /x "
            "/x\n",
            false},
           {"build.gradle", "dependencies {\n  // implementation 'a:b:1.+'\n  implementation 'a:b:1.2'\n}\n",
            kGradle, true},
           {"build.gradle", "/* 'a:b:1.+' */\nf('src/**/x')\ndependencies { implementation 'a:c:1.+' }\n",
            kGradle, false},
           {"examples/build.gradle", "dependencies { implementation 'a:b:1.+' }\n", kGradle, true},
           {"pom.xml",
            "<project><dependencies><dependency><version>[1.0,2.0)</version></dependency></dependencies></"
            "project>",
            kMaven, false},
           {"pom.xml",
            "<project><build><requireMavenVersion><version>[3,)</version></requireMavenVersion></build></"
            "project>",
            kMaven, true},
           {"pom.xml", "<project><parent><version>3-SNAPSHOT</version></parent></project>",
            "FROM maven AS b\nCOPY . .\nRUN mvn -U package\nFROM scratch\nCOPY --from=b /x /x\n", true},
           {"build.gradle", "dependencies { implementation 'a:b:1.+' }\n", kGradle, false},
           {"build.gradle", "dependencies { implementation 'c:d:latest.release' }\n", kGradle, false},
           {"build.gradle.kts", "dependencies { implementation(\"e:f:1-SNAPSHOT\") }\n", kGradle, false},
           {"build.gradle", "version = '1.0-SNAPSHOT'\ndependencies { implementation 'a:b:1.2' }\n", kGradle,
            true},
           {"build.gradle", "plugins { id 'a' version '1.+' }\n", kGradle, false},
           {"gradle/libs.versions.toml", "[versions]\na = \"1.+\"\n", kGradle, false},
           {"build.sbt", "libraryDependencies += \"a\" % \"b\" % \"1.0-SNAPSHOT\"\n", kSbt, false},
           {"build.sbt", "version := \"1.0-SNAPSHOT\"\n", kSbt, true},
           {"a.csproj", "<PackageReference Include=\"A\" Version=\"1.*\" />\n", kDotnet, false},
           {"Directory.Packages.props", "<PackageVersion Include=\"A\" Version=\"*\" />\n", kDotnet, false},
           {"a.csproj", "<PackageReference Include=\"A\" Version=\"1.2.3\" />\n", kDotnet, true},
           {"gradle.properties", "libVersion=1.+\n", kGradle, false},
           {"gradle.properties", "libVersion = 2.0-SNAPSHOT\n", kGradle, false},
           {"gradle.properties", "version=1.0-SNAPSHOT\norg.gradle.jvmargs=-Xmx1g\n", kGradle, true},
           {"gradle.properties", "libVersion=2.0\n", kGradle, true},
           {"buildSrc/src/main/kotlin/Versions.kt", "const val lib = \"2.0-SNAPSHOT\"\n", kGradle, false},
           {"src/main/kotlin/Versions.kt", "const val lib = \"2.0-SNAPSHOT\"\n", kGradle, true},
           {"project/Dependencies.scala", "val lib = \"a\" % \"b\" % \"1.0-SNAPSHOT\"\n", kSbt, false},
           {"project/Versions.scala", "  val lib: String = \"1.0-SNAPSHOT\"\n", kSbt, false},
           {"project/Build.scala", "version := \"1.0-SNAPSHOT\"\n", kSbt, true},
           {"src/main/scala/A.scala", "val lib = \"1.0-SNAPSHOT\"\n", kSbt, true},
           {"package.json", "{}", "FROM node\nCOPY package.json ./\nRUN npm install --prefer-offline\n",
            false},
           {"package.json", "{}", "FROM node\nCOPY package*.json ./\nRUN npm ci --prefer-offline\n", true}}) {
    const test::TemporaryFolder folder;
    for (const char* const build_file : {"build.sbt", "settings.gradle"})
      folder.write(build_file, "");
    folder.write(one.path, one.text);
    const std::string found = offered_mounts(one.dockerfile, test::facts_of(folder));
    EXPECT_EQ(found.find(" safe") != std::string::npos, one.safe) << one.text << "\n"
                                                                  << one.dockerfile << found;
    EXPECT_EQ(found.find(" unsafe") == std::string::npos, one.safe) << one.text << "\n"
                                                                    << one.dockerfile << found;
  }
}

// The project's own version may have any name.
TEST(CacheMounts, AreSafeIfTheProjectIsASnapshot) {
  const test::TemporaryFolder folder;
  folder.write("gradle.properties", "appVersion=1.0-SNAPSHOT\n");
  folder.write("build.gradle", "version = project.appVersion\n");
  EXPECT_EQ(
      offered_mounts("FROM gradle AS b\nCOPY . .\nRUN gradle bootJar\nFROM scratch\nCOPY --from=b /x /x\n",
                     test::facts_of(folder)),
      "3 safe /root/.gradle/caches");
}

// A package of the project that was replaced under its version is not looked at again.
TEST(CacheMounts, AreNotSafeIfPackagesComeFromTheProject) {
  const char* const kUv = "FROM python\nCOPY pyproject.toml ./\nRUN uv sync\n";
  const char* const kPip = "FROM python\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n";
  const char* const kNpm = "FROM node\nCOPY package.json ./\nRUN npm install\n";
  const char* const kYarn = "FROM node\nCOPY package.json ./\nRUN yarn install\n";
  const char* const kDotnet =
      "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nCOPY . .\nRUN dotnet publish\nFROM scratch\nCOPY --from=b "
      "/x /x\n";
  const char* const kMaven =
      "FROM maven AS b\nCOPY . .\nRUN mvn -B package\nFROM scratch\nCOPY --from=b /x /x\n";
  for (const MovingCase& one : std::vector<MovingCase>{
           {"pyproject.toml", "[tool.uv.sources]\nx = { path = \"../x\" }\n", kUv, false},
           {"pyproject.toml", "[tool.uv.sources]\nx = { path = \"../x\", editable = true }\n", kUv, true},
           {"pyproject.toml", "[tool.uv.sources.x]\npath = \"../x\"\n", kUv, false},
           {"pyproject.toml", "[tool.uv.sources]\nx = { workspace = true }\n", kUv, true},
           {"pyproject.toml", "[tool.uv]\nfind-links = [\"./wheels\"]\n", kUv, false},
           {"pyproject.toml", "[[tool.uv.index]]\nurl = \"https://example.com/simple\"\n", kUv, true},
           {"requirements.txt", "--find-links ./wheels\na==1\n", kPip, false},
           {"requirements.txt", "--find-links wheels\n", kPip, false},
           {"requirements.txt", "--find-links https://example.com/wheels\na==1\n", kPip, true},
           {"requirements.txt", "a==1\n",
            "FROM python\nRUN pip install --find-links=/wheels -r requirements.txt\n", false},
           {"requirements.txt", "a==1\n",
            "FROM python\nRUN pip install -f https://example.com/w -r requirements.txt\n", true},
           {"requirements.txt", "a==1\n",
            "FROM python\nENV PIP_FIND_LINKS=/wheels\nRUN pip install -r requirements.txt\n", false},
           {"package.json", R"({"dependencies": {"x": "file:x-1.0.0.tgz"}})", kNpm, false},
           {"package.json", R"({"dependencies": {"x": "file:../x"}})", kNpm, true},
           {"package.json", R"({"dependencies": {"x": "file:../x"}})", kYarn, false},
           {"nuget.config",
            "<configuration><packageSources><clear /><add key=\"local\" value=\"./nupkgs\" />"
            "</packageSources></configuration>",
            kDotnet, false},
           {"nuget.config",
            "<configuration><packageSources><add key=\"n\" value=\"https://example.com/v3/index.json\" />"
            "</packageSources></configuration>",
            kDotnet, true},
           {"nuget.config",
            "<configuration><packageSourceCredentials><n><add key=\"Username\" value=\"a\" /></n>"
            "</packageSourceCredentials></configuration>",
            kDotnet, true},
           {"a.csproj", "<RestoreAdditionalProjectSources>./nupkgs</RestoreAdditionalProjectSources>\n",
            kDotnet, false},
           {"pom.xml",
            "<project><repositories><repository><url>file://${project.basedir}/repo</url></repository>"
            "</repositories></project>",
            kMaven, false}}) {
    const test::TemporaryFolder folder;
    folder.write(one.path, one.text);
    const std::string found = offered_mounts(one.dockerfile, test::facts_of(folder));
    EXPECT_EQ(found.find(" safe") != std::string::npos, one.safe) << one.text << "\n"
                                                                  << one.dockerfile << found;
    EXPECT_EQ(found.find(" unsafe") == std::string::npos, one.safe) << one.text << "\n"
                                                                    << one.dockerfile << found;
  }
}

// It takes what its cache has, which a mount would hide.
TEST(CacheMounts, AreNotOfferedIfAFileOfTheProjectSaysOffline) {
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {"pyproject.toml", "[tool.uv]\noffline = true\n"}, {"uv.toml", "offline = true\n"}}) {
    const test::TemporaryFolder folder;
    folder.write(path, text);
    const std::string found = offered_mounts("FROM python\nRUN uv sync\n", test::facts_of(folder));
    EXPECT_EQ(found.find("safe"), std::string::npos) << path << found;
  }
}

// What a compiler made here would be taken from the mount when the image has other C libraries.
TEST(CacheMounts, AreNotSafeForWhatIsCompiled) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev\nRUN pip install "
            "psycopg2\n",
            "unsafe /root/.cache/pip"},
           {"FROM python:3.12-slim\nRUN apt-get update && apt-get install -y build-essential\nRUN uv sync\n",
            "unsafe /root/.cache/uv"},
           {"FROM python:3.12-slim\nRUN apt-get update && apt-get install -y $DEPS\nRUN pip install a\n",
            "unsafe /root/.cache/pip"},
           {"FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc\nRUN pip install "
            "--only-binary :all: a\n",
            "safe /root/.cache/pip"},
           {"FROM python:3.12-slim\nRUN apt-get update && apt-get install -y curl\nRUN pip install a\n",
            "safe /root/.cache/pip"},
           {"FROM python:3.12-slim\nRUN pip install --no-binary a a\n", "unsafe /root/.cache/pip"},
           {"FROM python:3.12-alpine\nRUN apk add build-base\nRUN pip install a\n",
            "unsafe /root/.cache/pip"},
           {"FROM python:3.12\nRUN pip install a\n", "safe /root/.cache/pip"},
           {"FROM node\nRUN apt-get update && apt-get install -y g++\nRUN npm ci\n", "safe /root/.npm"}}) {
    const std::string found = offered_mounts(text);
    EXPECT_TRUE(found.ends_with(expected)) << text << found;
  }
}

TEST(CacheMounts, HaveTheNameOfTheBaseWhereThereAreSeveral) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const std::string text = "FROM python:3.12-slim\nRUN pip install -r a.txt\n";
  for (const auto& [other, flag] : std::vector<std::pair<std::string, std::string>>{
           {"FROM python:3.11\nRUN pip install b\n", "type=cache,id=pip-python-3.12-slim,target="},
           {"FROM debian:12\nRUN pip3 install b\n", "type=cache,id=pip-python-3.12-slim,target="},
           {"FROM python:3.12-slim AS b\nFROM b\nRUN pip install b\n", "type=cache,target="},
           {"FROM python:3.12-alpine\nRUN pip install b\n", "type=cache,target="},
           {"FROM node AS web\nRUN npm ci\nFROM python:3.12-slim\nRUN pip install b\n",
            "type=cache,target="}}) {
    const test::TemporaryFolder folder;
    folder.write("Dockerfile", text);
    folder.write("other/Dockerfile", other);
    const lint::Linter linter(lint::catalogue(), config);
    const std::string fixed = lint::apply_fixes(linter, text, test::facts_of(folder), false).text;
    EXPECT_NE(fixed.find(flag), std::string::npos) << other << fixed;
  }
  const std::string stages =
      "FROM python:3.12-slim AS a\nRUN pip install -r a.txt\nFROM python:3.13\nRUN pip install -r b.txt\n";
  const std::string fixed = test::fixed(stages, config);
  EXPECT_NE(fixed.find("id=pip-python-3.12-slim,"), std::string::npos) << fixed;
  EXPECT_NE(fixed.find("id=pip-python-3.13,"), std::string::npos) << fixed;
}

// The values of build arguments in definitions.
lint::BuildFacts facts_with_bases(const std::string& name, const std::vector<std::string>& values) {
  auto images = std::make_shared<std::vector<project::Image>>();
  for (const std::string& value : values)
    images->emplace_back().build.plan.build_args[name] = value;
  return lint::BuildFacts({.images = [images] { return std::span<const project::Image>(*images); }});
}

TEST(CacheMounts, AreApartWhereDefinitionsChooseTheBase) {
  const std::vector<std::string> two = {"python:3.12", "python:3.11"}, one = {"python:3.12"};
  const std::string head = "ARG BASE=python:3.12\nFROM $BASE\n";
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const std::string declared = head + "ARG BASE\nRUN pip install -r a.txt\n";
  const std::string fixed = lint::apply_fixes(linter, declared, facts_with_bases("BASE", two), false).text;
  EXPECT_NE(fixed.find("type=cache,id=pip-${BASE},target="), std::string::npos) << fixed;
  EXPECT_EQ(offered_mounts(head + "RUN pip install -r a.txt\n", facts_with_bases("BASE", two)),
            "3 unsafe /root/.cache/pip");
  EXPECT_EQ(offered_mounts(head + "RUN pip install -r a.txt\n", facts_with_bases("BASE", one)),
            "3 safe /root/.cache/pip");
  const std::string apt =
      "ARG BASE=debian:12\nFROM $BASE\nARG BASE\nRUN apt-get update && apt-get install -y a\n";
  const std::string apt_fixed =
      lint::apply_fixes(linter, apt, facts_with_bases("BASE", {"debian:12", "ubuntu:24.04"}), true).text;
  EXPECT_NE(apt_fixed.find("id=apt-${BASE}-var-cache-apt,"), std::string::npos) << apt_fixed;
  EXPECT_NE(apt_fixed.find("id=apt-${BASE}-var-lib-apt-lists,"), std::string::npos) << apt_fixed;
}

TEST(CacheMounts, AreNotOfferedWhereTheyBreakTheBuild) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  struct Case {
    const char* text;
    const char* expected;
    const char* remedy;
  };
  for (const Case& one : std::vector<Case>{
           {"FROM python\nENV UV_LINK_MODE=symlink\nRUN uv sync\n", "3 none /root/.cache/uv",
            "remove UV_LINK_MODE=symlink, since links into a mount"},
           {"FROM python\nRUN uv sync --link-mode symlink\n", "2 none FOLDER",
            "remove --link-mode symlink, since"},
           {"FROM node\nRUN npm cache add x.tgz\nRUN npm ci --prefer-offline\n", "3 none /root/.npm",
            "move 'npm cache add' into this RUN, since a mount hides"},
           {"FROM maven AS b\nRUN mvn install:install-file -Dfile=/x.jar\nRUN mvn package\nFROM scratch\n"
            "COPY --from=b /x /x\n",
            "3 none /root/.m2/repository",
            "move 'mvn install:install-file' into this RUN, since a mount hides"},
           {"FROM maven AS b\nCOPY repo /root/.m2/repository\nRUN mvn package\nFROM scratch\nCOPY --from=b "
            "/x /x\n",
            "3 none /root/.m2/repository", "find another place for the files"}}) {
    EXPECT_EQ(offered_mounts(one.text), one.expected) << one.text;
    const dockerfile::File file = dockerfile::parse(one.text);
    const lint::Findings findings = linter.lint(file, {});
    ASSERT_FALSE(findings.diagnostics.empty());
    EXPECT_TRUE(findings.diagnostics.front().remedy.find(one.remedy) != std::string::npos)
        << findings.diagnostics.front().remedy;
  }
  const test::TemporaryFolder folder;
  folder.write("bunfig.toml", "[install]\nbackend = \"symlink\"\n");
  EXPECT_EQ(offered_mounts("FROM oven/bun\nCOPY . .\nRUN bun install\n", test::facts_of(folder)),
            "3 none /root/.bun/install/cache");
}

TEST(CacheMounts, KeepNothingForABuildThatCompilesEverything) {
  const std::string end = "FROM scratch\nCOPY --from=b /x /x\n";
  EXPECT_EQ(offered_mounts("FROM golang AS b\nRUN go build -a -o /x .\n" + end), "2 safe /go/pkg/mod");
  EXPECT_EQ(offered_mounts("FROM golang AS b\nRUN go build -mod=vendor -a -o /x .\n" + end), "");
}

TEST(CacheMounts, AreNotSafeForBuildersThatDoNotKnowThem) {
  lint::Config config = test::config_selecting({"DC1003"});
  const std::string text = "FROM node\nRUN npm ci\n";
  config.minimum_engine = "18.09";
  EXPECT_EQ(test::fixed(text, config), text);
  EXPECT_NE(test::fixed("# syntax=docker/dockerfile:1\n" + text, config),
            "# syntax=docker/dockerfile:1\n" + text);
  config.minimum_engine = "24.0";
  EXPECT_NE(test::fixed(text, config), text);
}

TEST(CacheMounts, SayWhoElseNeedsWhatIsInThem) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(
      "FROM maven AS b\nRUN mvn dependency:go-offline\nRUN mvn -o package\nFROM rt\nCOPY --from=b /x /x\n");
  EXPECT_NE(linter.lint(file, {}).diagnostics.at(0).remedy.find("line 3"), std::string::npos);
}

std::string mount_remedy(const std::string& text) {
  const lint::Config config = test::config_selecting({"DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(text);
  const lint::Findings findings = linter.lint(file, {});
  return findings.diagnostics.empty() ? "" : findings.diagnostics.front().remedy;
}

// The folder of a mount is busy while the RUN runs: `rm` fails there.
TEST(CacheMounts, SayToRemoveWhatWouldFailNextToThem) {
  for (const auto& [text, removed] : std::vector<std::pair<std::string, std::string>>{
           {"FROM python\nRUN pip install -r /x && rm -rf /root/.cache\n", "remove 'rm -rf /root/.cache'"},
           {"FROM python\nRUN pip install -r /x && rm -rf ~/.cache/*\n", "remove 'rm -rf ~/.cache/*'"},
           {"FROM node\nRUN yarn install && rm -rf /usr/local/share/.cache\n",
            "remove 'rm -rf /usr/local/share/.cache'"}})
    EXPECT_NE(mount_remedy(text).find(removed), std::string::npos) << mount_remedy(text);
}

TEST(CacheMounts, NameNoCopyFromAStageThatStartsElsewhere) {
  const std::string text =
      "FROM debian AS prep\nRUN mkdir /d\nFROM debian AS final\nRUN apt-get update && apt-get install -y a b "
      "c d e f g "
      "h i j\nCOPY --from=prep ${DEPENDENCY}/lib /lib\n";
  EXPECT_EQ(mount_remedy(text).find("line 5"), std::string::npos) << mount_remedy(text);
  const std::string own =
      "FROM debian AS prep\nRUN apt-get update && apt-get install -y a b c\nFROM debian AS final\nCOPY "
      "--from=prep "
      "${DEPENDENCY}/lib /lib\n";
  EXPECT_NE(mount_remedy(own).find("line 4"), std::string::npos) << mount_remedy(own);
}

// A wheel that pip compiled with glibc is found with musl too, and does not work there.
TEST(CacheMounts, HaveAnIdOfTheirOwnForWhatIsCompiledWithMusl) {
  for (const auto& [text, flag] : std::vector<std::pair<std::string, std::string>>{
           {"FROM python:3.12-alpine\nRUN pip install -r /x\n",
            "cache,id=pip-alpine,target=/root/.cache/pip"},
           {"FROM python:3.12-alpine AS a\nFROM a\nRUN pip install -r /x\n", "id=pip-alpine,target="},
           {"FROM docker:27\nRUN pip install -r /x\n", "id=pip-alpine,target="},
           {"FROM python:3.12\nRUN pip install -r /x\n", "cache,target=/root/.cache/pip"},
           {"FROM corp/python\nRUN pip install -r /x\n", "cache,target=/root/.cache/pip"},
           {"FROM python:3-alpine\nENV PIP_CACHE_DIR=/c\nRUN pip install -r /x\n",
            "id=pip-alpine-c,target=/c"},
           {"FROM python:3-alpine\nUSER app\nRUN pip install -r /x\n",
            "id=pip-alpine-home-app-.cache-pip,target=/home/app/.cache/pip"},
           {"FROM python:3-alpine\nRUN uv pip install -r /x\n", "id=uv-alpine,target=/root/.cache/uv"},
           {"FROM python:3-alpine\nRUN pipenv sync\n", "id=pipenv-alpine,target=/root/.cache/pipenv"},
           {"FROM python:3-alpine\nRUN poetry install\n",
            "cache,target=/root/.cache/pypoetry/cache,sharing=locked "
            "--mount=type=cache,id=poetry-alpine,target="
            "/root/.cache/pypoetry/artifacts,sharing=locked"},
           {"FROM node:22-alpine\nRUN pnpm install\n", "id=pnpm-alpine,target="},
           {"FROM node:22-alpine\nRUN npm ci\n", "cache,target=/root/.npm"},
           {"FROM golang:1.22-alpine\nRUN go build .\n", "cache,target=/root/.cache/go-build"},
           {"FROM golang:1.22-alpine\nENV CGO_ENABLED=1\nRUN go build .\n",
            "id=go-alpine,target=/root/.cache/go"}})
    EXPECT_NE(mount_remedy(text).find(flag), std::string::npos) << text << mount_remedy(text);
}

// Next to a stage of Windows an image that is not known may be one too.
TEST(CacheMounts, NameNoFolderOfLinuxForWindows) {
  const std::string run = "RUN dotnet restore\n",
                    windows = "FROM mcr.microsoft.com/dotnet/framework/runtime:4.8\n";
  for (const auto& [from, folder] : std::vector<std::pair<std::string, std::string>>{
           {"ARG B\nFROM $B AS b\n", "FOLDER"},
           {"FROM corp/sdk AS b\n", "FOLDER"},
           {"FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\n", "FOLDER"},
           {"FROM mcr.microsoft.com/dotnet/sdk:8.0-alpine AS b\n", "/root/.nuget/packages"},
           {"FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:8.0 AS b\n",
            "/root/.nuget/packages"},
           {"FROM --platform=linux/amd64 corp/sdk AS b\n", "/root/.nuget/packages"},
           {"FROM debian:12 AS b\n", "/root/.nuget/packages"}}) {
    EXPECT_NE(mount_remedy(from + run + windows).find("target=" + folder), std::string::npos)
        << from << mount_remedy(from + run + windows);
    EXPECT_NE(mount_remedy(from + run + "FROM debian:12\n").find("target=/root/.nuget"), std::string::npos)
        << from;
  }
  EXPECT_EQ(mount_remedy("FROM corp/sdk\nENV NUGET_PACKAGES=/p\n" + run + windows).find("FOLDER"),
            std::string::npos);
  EXPECT_NE(mount_remedy(windows + "RUN [\"dotnet\", \"restore\"]\n").find("FOLDER"), std::string::npos);
}

TEST(CacheMounts, AskForTheFolderOfDnf) {
  EXPECT_NE(
      mount_remedy("FROM corp/base\nRUN dnf install -y a\n").find("'ls -d /var/cache/*dnf* /var/cache/yum'"),
      std::string::npos);
}

}  // namespace
}  // namespace dcache
