// Repositories of the usual shapes, each with what its maintainers want to hear: which images an edit
// rebuilds, from which line on. One Dockerfile for each kind of project, written as its documentation
// proposes.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"

namespace dcache {
namespace {

using test::Repository;

// A file that changes, and the images with the line of the first step that rebuilds.
struct Edit {
  std::string path;
  std::string effects;
};

struct Shape {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<Edit> edits;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

const Shape kGoMonorepo = {"GoMonorepo",
                           {{"go.mod", "module x\n"},
                            {"go.sum", ""},
                            {"cmd/api/main.go", ""},
                            {"cmd/worker/main.go", ""},
                            {"pkg/log/log.go", ""},
                            {"README.md", ""},
                            {".dockerignore", "*.md\n"},
                            {"build/Dockerfile",
                             "FROM golang:1.24 AS build\n"
                             "WORKDIR /src\n"
                             "COPY go.mod go.sum ./\n"
                             "RUN go mod download\n"
                             "ARG APP\n"
                             "COPY pkg pkg\n"
                             "COPY cmd/$APP cmd/$APP\n"
                             "RUN go build -o /out ./cmd/$APP\n"
                             "FROM scratch\n"
                             "COPY --from=build /out /app\n"},
                            {"docker-bake.hcl",
                             "group \"default\" { targets = [\"app\"] }\n"
                             "target \"app\" {\n"
                             "  matrix = { app = [\"api\", \"worker\"] }\n"
                             "  name = app\n"
                             "  dockerfile = \"build/Dockerfile\"\n"
                             "  args = { APP = app }\n"
                             "}\n"}},
                           {{"cmd/api/main.go", "api:rebuilt@7 worker:unaffected"},
                            {"pkg/log/log.go", "api:rebuilt@6 worker:rebuilt@6"},
                            {"go.mod", "api:rebuilt@3 worker:rebuilt@3"},
                            {"README.md", "api:unaffected worker:unaffected"}}};

const Shape kPnpmWorkspace = {"PnpmWorkspace",
                              {{"package.json", "{}"},
                               {"pnpm-lock.yaml", ""},
                               {"pnpm-workspace.yaml", "packages: [apps/*, packages/*]\n"},
                               {"turbo.json", "{}"},
                               {"apps/web/package.json", "{}"},
                               {"apps/web/index.ts", ""},
                               {"apps/docs/package.json", "{}"},
                               {"apps/docs/index.ts", ""},
                               {"packages/ui/package.json", "{}"},
                               {"packages/ui/button.ts", ""},
                               {".dockerignore", ".git\n**/node_modules\n"},
                               {"apps/web/Dockerfile",
                                "FROM node:22 AS pruned\n"
                                "WORKDIR /src\n"
                                "COPY . .\n"
                                "RUN npx turbo prune web --docker\n"
                                "FROM node:22\n"
                                "WORKDIR /src\n"
                                "COPY --from=pruned /src/out/json/ .\n"
                                "RUN pnpm install --frozen-lockfile\n"
                                "COPY --from=pruned /src/out/full/ .\n"
                                "RUN pnpm turbo build\n"},
                               {"apps/docs/Dockerfile",
                                "FROM node:22\n"
                                "WORKDIR /src\n"
                                "COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./\n"
                                "COPY apps/docs/package.json apps/docs/\n"
                                "COPY packages/ui/package.json packages/ui/\n"
                                "RUN pnpm install --frozen-lockfile\n"
                                "COPY packages/ui packages/ui\n"
                                "COPY apps/docs apps/docs\n"
                                "RUN pnpm --filter docs build\n"},
                               {"compose.yaml",
                                "services:\n"
                                "  web:\n"
                                "    build: {context: ., dockerfile: apps/web/Dockerfile}\n"
                                "  docs:\n"
                                "    build: {context: ., dockerfile: apps/docs/Dockerfile}\n"}},
                              {{"packages/ui/button.ts", "web:rebuilt@3 docs:rebuilt@7"},
                               {"apps/docs/index.ts", "web:rebuilt@3 docs:rebuilt@8"},
                               {"pnpm-lock.yaml", "web:rebuilt@3 docs:rebuilt@3"},
                               {"apps/web/node_modules/x.js", "web:unaffected docs:unaffected"}}};

const Shape kUv = {"PythonWithUv",
                   {{"pyproject.toml", ""},
                    {"uv.lock", ""},
                    {"src/app/main.py", ""},
                    {"tests/test_main.py", ""},
                    {".dockerignore", ".git\ntests\n.venv\n"},
                    {"Dockerfile",
                     "FROM ghcr.io/astral-sh/uv:python3.13-bookworm-slim\n"
                     "WORKDIR /app\n"
                     "RUN --mount=type=cache,target=/root/.cache/uv \\\n"
                     "    --mount=type=bind,source=uv.lock,target=uv.lock \\\n"
                     "    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\\n"
                     "    uv sync --locked --no-install-project\n"
                     "COPY . .\n"
                     "RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked\n"}},
                   {{"src/app/main.py", "Dockerfile:rebuilt@7"},
                    {"uv.lock", "Dockerfile:rebuilt@3"},
                    {"tests/test_main.py", "Dockerfile:unaffected"}}};

const Shape kMaven = {"MavenModules",
                      {{"pom.xml", ""},
                       {"core/pom.xml", ""},
                       {"core/src/A.java", ""},
                       {"web/pom.xml", ""},
                       {"web/src/B.java", ""},
                       {"Dockerfile",
                        "FROM maven:3.9-eclipse-temurin-21 AS build\n"
                        "WORKDIR /src\n"
                        "COPY pom.xml .\n"
                        "COPY core/pom.xml core/\n"
                        "COPY web/pom.xml web/\n"
                        "RUN --mount=type=cache,target=/root/.m2 mvn -B dependency:go-offline\n"
                        "COPY core core\n"
                        "COPY web web\n"
                        "RUN --mount=type=cache,target=/root/.m2 mvn -B package\n"
                        "FROM eclipse-temurin:21-jre\n"
                        "COPY --from=build /src/web/target/web.jar /web.jar\n"}},
                      {{"core/src/A.java", "Dockerfile:rebuilt@7"},
                       {"web/src/B.java", "Dockerfile:rebuilt@8"},
                       {"web/pom.xml", "Dockerfile:rebuilt@5"}}};

const Shape kCargo = {
    "CargoWorkspace",
    {{"Cargo.toml", ""},
     {"Cargo.lock", ""},
     {"crates/server/Cargo.toml", ""},
     {"crates/server/src/main.rs", ""},
     {"crates/lib/Cargo.toml", ""},
     {"crates/lib/src/lib.rs", ""},
     {".dockerignore", ".git\ntarget\n"},
     {"Dockerfile",
      "FROM lukemathwalker/cargo-chef:latest-rust-1 AS chef\n"
      "WORKDIR /app\n"
      "FROM chef AS planner\n"
      "COPY . .\n"
      "RUN cargo chef prepare --recipe-path recipe.json\n"
      "FROM chef AS builder\n"
      "COPY --from=planner /app/recipe.json recipe.json\n"
      "RUN cargo chef cook --release --recipe-path recipe.json\n"
      "COPY . .\n"
      "RUN cargo build --release\n"
      "FROM debian:bookworm-slim\n"
      "COPY --from=builder /app/target/release/server /usr/local/bin\n"}},
    {{"crates/lib/src/lib.rs", "Dockerfile:rebuilt@4"}, {"target/release/server", "Dockerfile:unaffected"}}};

const Shape kDotnet = {
    "DotnetSolution",
    {{"App.sln", ""},
     {"Directory.Packages.props", ""},
     {"src/Api/Api.csproj", ""},
     {"src/Api/Program.cs", ""},
     {"src/Worker/Worker.csproj", ""},
     {"src/Worker/Program.cs", ""},
     {"src/Api/Dockerfile",
      "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\n"
      "WORKDIR /src\n"
      "COPY Directory.Packages.props ./\n"
      "COPY src/Api/Api.csproj src/Api/\n"
      "RUN dotnet restore src/Api\n"
      "COPY src/Api src/Api\n"
      "RUN dotnet publish src/Api -o /out\n"
      "FROM mcr.microsoft.com/dotnet/aspnet:9.0\n"
      "COPY --from=build /out .\n"},
     {"src/Worker/Dockerfile",
      "FROM mcr.microsoft.com/dotnet/sdk:9.0\n"
      "COPY Directory.Packages.props ./\n"
      "COPY src/Worker src/Worker\n"
      "RUN dotnet publish src/Worker -o /out\n"}},
    {{"src/Api/Program.cs", "src/Api/Dockerfile:rebuilt@6 src/Worker/Dockerfile:unaffected"},
     {"src/Api/Api.csproj", "src/Api/Dockerfile:rebuilt@4 src/Worker/Dockerfile:unaffected"},
     {"Directory.Packages.props", "src/Api/Dockerfile:rebuilt@3 src/Worker/Dockerfile:rebuilt@2"}}};

const Shape kRails = {"Rails",
                      {{"Gemfile", ""},
                       {"Gemfile.lock", ""},
                       {"app/models/user.rb", ""},
                       {"config/master.key", ""},
                       {"log/development.log", ""},
                       {".dockerignore", ".git\n/log/*\n/config/*.key\n"},
                       {"Dockerfile",
                        "FROM ruby:3.4-slim AS base\n"
                        "WORKDIR /rails\n"
                        "FROM base AS build\n"
                        "COPY Gemfile Gemfile.lock ./\n"
                        "RUN bundle install\n"
                        "COPY . .\n"
                        "RUN bin/rails assets:precompile\n"
                        "FROM base\n"
                        "COPY --from=build /usr/local/bundle /usr/local/bundle\n"
                        "COPY --from=build /rails /rails\n"},
                       {".github/workflows/image.yml",
                        "on: push\n"
                        "jobs:\n"
                        "  image:\n"
                        "    runs-on: ubuntu-latest\n"
                        "    steps:\n"
                        "      - uses: docker/build-push-action@v6\n"
                        "        with:\n"
                        "          context: .\n"
                        "          tags: me/rails:latest\n"}},
                      {{"app/models/user.rb", "rails:rebuilt@6"},
                       {"Gemfile.lock", "rails:rebuilt@4"},
                       {"log/development.log", "rails:unaffected"},
                       {"config/master.key", "rails:unaffected"}}};

const Shape kPhp = {"Php",
                    {{"composer.json", "{}"},
                     {"composer.lock", "{}"},
                     {"public/index.php", ""},
                     {"package.json", "{}"},
                     {"assets/app.js", ""},
                     {"docker/nginx.conf", ""},
                     {"Dockerfile",
                      "FROM composer:2 AS vendor\n"
                      "COPY composer.json composer.lock ./\n"
                      "RUN composer install --no-scripts\n"
                      "FROM node:22 AS assets\n"
                      "COPY package.json ./\n"
                      "RUN npm install\n"
                      "COPY assets assets\n"
                      "RUN npm run build\n"
                      "FROM php:8.4-fpm AS php\n"
                      "COPY --from=vendor /app/vendor vendor\n"
                      "COPY public public\n"
                      "FROM nginx:1.27 AS web\n"
                      "COPY docker/nginx.conf /etc/nginx/\n"
                      "COPY --from=assets /dist /srv\n"},
                     {"compose.yaml",
                      "services:\n"
                      "  php: {build: {context: ., target: php}}\n"
                      "  web: {build: {context: ., target: web}}\n"}},
                    {{"public/index.php", "php:rebuilt@11 web:unaffected"},
                     {"assets/app.js", "php:unaffected web:rebuilt@7"},
                     {"docker/nginx.conf", "php:unaffected web:rebuilt@13"},
                     {"composer.lock", "php:rebuilt@2 web:unaffected"}}};

const Shape kCpp = {
    "Cpp",
    {{"CMakeLists.txt", ""},
     {"vcpkg.json", "{}"},
     {"src/main.cc", ""},
     {"docs/index.md", ""},
     {"docker/Dockerfile",
      "FROM debian:bookworm AS build\n"
      "WORKDIR /src\n"
      "COPY vcpkg.json .\n"
      "RUN vcpkg install\n"
      "COPY CMakeLists.txt .\n"
      "COPY src src\n"
      "RUN cmake -B build && cmake --build build\n"
      "FROM debian:bookworm-slim\n"
      "COPY --from=build /src/build/app /usr/bin/app\n"},
     {"docker/Dockerfile.dockerignore", "docs\n"},
     {".gitlab-ci.yml",
      "build:\n"
      "  script:\n"
      "    - docker build -f docker/Dockerfile -t app .\n"}},
    {{"src/main.cc", "app:rebuilt@6"}, {"vcpkg.json", "app:rebuilt@3"}, {"docs/index.md", "app:unaffected"}}};

const Shape kBaseService = {"ComposeWithBase",
                            {{"base/Dockerfile", "FROM debian:12\nCOPY tools /usr/local/bin\n"},
                             {"base/tools/run", ""},
                             {"api/Dockerfile", "FROM company/base\nCOPY . /srv\n"},
                             {"api/main.py", ""},
                             {"jobs/Dockerfile", "FROM base\nCOPY . /srv\n"},
                             {"jobs/job.py", ""},
                             {"compose.yaml",
                              "services:\n"
                              "  base: {build: base, image: company/base}\n"
                              "  api: {build: api, depends_on: [base]}\n"
                              "  jobs:\n"
                              "    build:\n"
                              "      context: jobs\n"
                              "      additional_contexts: {base: \"service:base\"}\n"}},
                            {{"base/tools/run", "base:rebuilt@2 api:rebuilt@1 jobs:rebuilt@1"},
                             {"api/main.py", "base:unaffected api:rebuilt@2 jobs:unaffected"},
                             {"jobs/job.py", "base:unaffected api:unaffected jobs:rebuilt@2"}}};

class Shapes : public testing::TestWithParam<Shape> {};

TEST_P(Shapes, TellWhatAnEditRebuilds) {
  const Repository repository(GetParam().files);
  for (const Edit& edit : GetParam().edits)
    EXPECT_EQ(repository.effects({"--changed", edit.path}), edit.effects) << edit.path;
}

// The same of the work tree: what a branch changes is what git says of it.
TEST_P(Shapes, TellTheSameOfTheWorkTree) {
  for (const Edit& edit : GetParam().edits) {
    const Repository repository(GetParam().files);
    repository.write(edit.path, "changed");
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), edit.effects) << edit.path;
  }
}

INSTANTIATE_TEST_SUITE_P(Repositories, Shapes,
                         testing::Values(kGoMonorepo, kPnpmWorkspace, kUv, kMaven, kCargo, kDotnet, kRails,
                                         kPhp, kCpp, kBaseService),
                         [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace dcache
