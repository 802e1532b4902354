// Which cache mounts DC1003 offers, where, and when it calls them safe.
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
  for (const Diagnostic& diagnostic : findings.diagnostics) {
    all += (all.empty() ? "" : "; ") + std::to_string(file.lines().line_of(diagnostic.span.begin));
    all += !diagnostic.fix ? " none" : diagnostic.fix->safe ? " safe" : " unsafe";
    re2::StringPiece rest(diagnostic.remedy);
    for (std::string target; RE2::FindAndConsume(&rest, "target=([^,; ]+)", &target);)
      all += " " + target;
  }
  return all;
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

TEST(CacheMounts, AreNotSafeIfCiBuildsWithoutBuildkit) {
  const char* const kText = "FROM node\nRUN npm ci\n";
  for (const auto& [path, text, expected] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n", "2 unsafe /root/.npm"},
           {"cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  env: [DOCKER_BUILDKIT=1]\n",
            "2 safe /root/.npm"},
           {".gitlab-ci.yml", "a:\n  script: [/kaniko/executor --context .]\n", "2 unsafe /root/.npm"},
           {".gitlab-ci.yml", "a:\n  script: [docker build .]\n", "2 safe /root/.npm"},
           {"skaffold.yaml", "build:\n  googleCloudBuild: {}\n", "2 unsafe /root/.npm"},
           {"skaffold.yaml", "build:\n  local: {}\n", "2 safe /root/.npm"}}) {
    const test::TemporaryFolder folder;
    folder.write(path, text);
    EXPECT_EQ(offered_mounts(kText, test::facts_of(folder)), expected) << path << text;
  }
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
TEST(CacheMounts, SayToRemoveWhatWouldFailBesideThem) {
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

TEST(CacheMounts, AskForTheFolderOfDnf) {
  EXPECT_NE(
      mount_remedy("FROM corp/base\nRUN dnf install -y a\n").find("'ls -d /var/cache/*dnf* /var/cache/yum'"),
      std::string::npos);
}

}  // namespace
}  // namespace dcache
