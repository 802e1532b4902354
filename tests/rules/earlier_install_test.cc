// DC1001's fix for projects of several parts: what is copied for the install, and what is run.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using ProjectFiles = std::vector<std::pair<std::string, std::string>>;

// The Dockerfile after all fixes of DC1001; its first lines are FROM and WORKDIR.
std::string with_earlier_install(const ProjectFiles& files, const std::string& text) {
  const test::TemporaryFolder folder;
  for (const auto& [path, content] : files)
    folder.write(path, content);
  const std::string dockerfile = "FROM a\nWORKDIR /app\n" + text;
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  const lint::FixedText fixed = lint::apply_fixes(linter, dockerfile, test::facts_of(folder), true);
  EXPECT_TRUE(fixed.bad_fixes.empty()) << text;
  return fixed.text.substr(std::string("FROM a\nWORKDIR /app\n").size());
}

TEST(EarlierInstall, CopiesTheManifestsOfWorkspaces) {
  const ProjectFiles members = {{"packages/a/package.json", "{\"name\":\"a\"}"},
                                {"packages/b/package.json", "{\"name\":\"b\"}"},
                                {"packages/b/index.js", ""},
                                {"other/package.json", "{}"}};
  ProjectFiles npm = members;
  npm.insert(npm.end(), {{"package.json", "{\"workspaces\":[\"packages/*\"]}"}, {"package-lock.json", "{}"}});
  EXPECT_EQ(with_earlier_install(npm, "COPY . .\nRUN npm ci\n"),
            "COPY package.json package-lock.json ./\n"
            "COPY packages/a/package.json ./packages/a/\n"
            "COPY packages/b/package.json ./packages/b/\n"
            "RUN npm ci\nCOPY . .\n");
  ProjectFiles pnpm = members;
  pnpm.insert(pnpm.end(), {{"package.json", "{}"},
                           {"pnpm-lock.yaml", "{}"},
                           {"pnpm-workspace.yaml", "packages: [packages/*]\n"}});
  EXPECT_EQ(with_earlier_install(pnpm, "COPY . .\nRUN pnpm install --frozen-lockfile\n"),
            "COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./\n"
            "COPY packages/a/package.json ./packages/a/\n"
            "COPY packages/b/package.json ./packages/b/\n"
            "RUN pnpm install --frozen-lockfile\nCOPY . .\n");
  // One line, if the syntax of the file has --parents.
  const test::TemporaryFolder folder;
  for (const auto& [path, content] : npm)
    folder.write(path, content);
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  EXPECT_EQ(
      lint::apply_fixes(linter, "# syntax=docker/dockerfile:1\nFROM a\nWORKDIR /app\nCOPY . .\nRUN npm ci\n",
                        test::facts_of(folder), true)
          .text,
      "# syntax=docker/dockerfile:1\nFROM a\nWORKDIR /app\n"
      "COPY --parents package.json package-lock.json packages/a/package.json packages/b/package.json ./\n"
      "RUN npm ci\nCOPY . .\n");
}

TEST(EarlierInstall, CopiesTheModulesOfAGoWorkspace) {
  const ProjectFiles files = {{"go.work", "go 1.22\nuse (\n\t./a\n\t./b\n)\n"},
                              {"a/go.mod", "module a\n"},
                              {"a/go.sum", "\n"},
                              {"b/go.mod", "module b\n"},
                              {"b/main.go", ""}};
  EXPECT_EQ(
      with_earlier_install(files, "COPY . .\nRUN go mod download\n"),
      "COPY go.work ./\nCOPY a/go.mod a/go.sum ./a/\nCOPY b/go.mod ./b/\nRUN go mod download\nCOPY . .\n");
}

TEST(EarlierInstall, CopiesTheProjectFilesOfAllFolders) {
  const ProjectFiles dotnet = {
      {"App.sln", ""},
      {"src/Api/Api.csproj", "<ProjectReference Include=\"..\\Core\\Core.csproj\"/>"},
      {"src/Core/Core.csproj", ""},
      {"src/Core/obj/Core.csproj", ""},
      {"src/Directory.Build.props", ""},
      {"src/Api/Program.cs", ""}};
  const std::string copies =
      "COPY App.sln ./\n"
      "COPY src/Directory.Build.props ./src/\n"
      "COPY src/Api/Api.csproj ./src/Api/\n"
      "COPY src/Core/Core.csproj ./src/Core/\n";
  EXPECT_EQ(with_earlier_install(dotnet, "COPY . .\nRUN dotnet restore src/Api/Api.csproj\n"),
            copies + "RUN dotnet restore src/Api/Api.csproj\nCOPY . .\n");
  EXPECT_EQ(with_earlier_install(dotnet, "COPY . .\nRUN dotnet publish src/Api/Api.csproj -o /out\n"),
            copies +
                "RUN dotnet restore src/Api/Api.csproj\nCOPY . .\n"
                "RUN dotnet publish src/Api/Api.csproj -o /out\n");
  const ProjectFiles maven = {{"pom.xml", "<modules/>"},
                              {"mvnw", ""},
                              {".mvn/wrapper/maven-wrapper.properties", ""},
                              {"core/pom.xml", ""},
                              {"core/src/test/resources/pom.xml", ""},
                              {"core/src/main/java/A.java", ""}};
  EXPECT_EQ(with_earlier_install(maven, "COPY . .\nRUN ./mvnw -q package\n"),
            "COPY pom.xml mvnw ./\n"
            "COPY core/pom.xml ./core/\n"
            "COPY .mvn ./.mvn\n"
            "RUN ./mvnw -B -fn dependency:go-offline\nCOPY . .\nRUN ./mvnw -q package\n");
  // What buildSrc has is compiled first.
  const ProjectFiles gradle = {{"build.gradle", ""}, {"a/build.gradle", ""}, {"a/src/A.java", ""}};
  EXPECT_EQ(with_earlier_install(gradle, "COPY . .\nRUN gradle dependencies\n"),
            "COPY build.gradle ./\nCOPY a/build.gradle ./a/\nRUN gradle dependencies\nCOPY . .\n");
  ProjectFiles with_sources = gradle;
  with_sources.push_back({"buildSrc/build.gradle", ""});
  EXPECT_EQ(with_earlier_install(with_sources, "COPY . .\nRUN gradle dependencies\n"),
            "COPY . .\nRUN gradle dependencies\n");
}

TEST(EarlierInstall, InstallsTwiceWhatWantsTheSourcesToo) {
  const ProjectFiles uv = {{"pyproject.toml", "[project]\nname = \"a\"\n"}, {"uv.lock", ""}, {"a.py", ""}};
  EXPECT_EQ(with_earlier_install(uv, "COPY . .\nRUN uv sync --frozen --no-dev\n"),
            "COPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-dev --no-install-project\n"
            "COPY . .\nRUN uv sync --frozen --no-dev\n");
  const ProjectFiles members = {{"pyproject.toml", "[tool.uv.workspace]\nmembers = [\"libs/*\"]\n"},
                                {"uv.lock", ""},
                                {"libs/a/pyproject.toml", ""},
                                {"libs/a/a.py", ""}};
  EXPECT_EQ(with_earlier_install(members, "COPY . .\nRUN uv sync --locked\n"),
            "COPY pyproject.toml uv.lock ./\nCOPY libs/a/pyproject.toml ./libs/a/\n"
            "RUN uv sync --locked --no-install-workspace\nCOPY . .\nRUN uv sync --locked\n");
  const ProjectFiles composer = {{"composer.json", "{}"}, {"composer.lock", "{}"}, {"a.php", ""}};
  EXPECT_EQ(
      with_earlier_install(composer, "COPY . .\nRUN composer install --no-dev && rm -rf tests\n"),
      "COPY composer.json composer.lock ./\nRUN composer install --no-dev --no-scripts --no-autoloader\n"
      "COPY . .\nRUN composer install --no-dev && rm -rf tests\n");
}

TEST(EarlierInstall, GivesCargoSomethingToReadAndTakesItAway) {
  const ProjectFiles cargo = {{"Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"},
                              {"Cargo.lock", ""},
                              {"a/Cargo.toml", "[package]\nname = \"a\"\n"},
                              {"a/src/main.rs", ""}};
  EXPECT_EQ(with_earlier_install(cargo, "COPY . .\nRUN cargo build --release -p a\n"),
            "COPY Cargo.toml Cargo.lock ./\nCOPY a/Cargo.toml ./a/\n"
            "RUN mkdir -p a/src && touch a/src/lib.rs && cargo fetch && rm -r a/src\n"
            "COPY . .\nRUN cargo build --release -p a\n");
  // A manifest that names its targets is refused without them.
  ProjectFiles named = cargo;
  named[2].second += "[[bin]]\nname = \"b\"\npath = \"b.rs\"\n";
  EXPECT_EQ(with_earlier_install(named, "COPY . .\nRUN cargo build --release\n"),
            "COPY . .\nRUN cargo build --release\n");
}

TEST(EarlierInstall, FollowsListsIntoOtherFolders) {
  const ProjectFiles lists = {
      {"requirements.txt", "-r req/base.txt\n"}, {"req/base.txt", "flask==3.0\n"}, {"a.py", ""}};
  EXPECT_EQ(
      with_earlier_install(lists, "COPY . .\nRUN pip install -r requirements.txt\n"),
      "COPY requirements.txt ./\nCOPY req/base.txt ./req/\nRUN pip install -r requirements.txt\nCOPY . .\n");
  EXPECT_EQ(with_earlier_install(lists, "COPY . .\nRUN pip install -r req/base.txt\n"),
            "COPY req/base.txt ./req/\nRUN pip install -r req/base.txt\nCOPY . .\n");
  ProjectFiles missing = lists;
  missing[0].second += "-r https://example.com/list.txt\n";
  EXPECT_EQ(with_earlier_install(missing, "COPY . .\nRUN pip install -r requirements.txt\n"),
            "COPY . .\nRUN pip install -r requirements.txt\n");
}

TEST(EarlierInstall, LeavesTheFolderOfTheCopyToWorkdir) {
  const ProjectFiles npm = {{"package.json", "{}"}, {"package-lock.json", "{}"}, {"a.js", ""}};
  EXPECT_EQ(with_earlier_install(npm, "COPY . /srv\nWORKDIR /srv\nRUN npm ci\n"),
            "COPY package.json package-lock.json /srv/\nWORKDIR /srv\nRUN npm ci\nCOPY . /srv\n");
  // There these would mean other folders.
  for (const char* text : {"COPY . srv\nWORKDIR /app/srv\nRUN npm ci\n", "COPY . $D\nENV D=/x\nRUN npm ci\n"})
    EXPECT_EQ(with_earlier_install(npm, text), text);
}

TEST(EarlierInstall, TakesYarnItselfAlong) {
  const ProjectFiles yarn = {{"package.json", "{}"},
                             {"yarn.lock", ""},
                             {".yarnrc.yml", "yarnPath: tools/yarn.cjs\n"},
                             {"tools/yarn.cjs", ""},
                             {"a.js", ""}};
  EXPECT_EQ(with_earlier_install(yarn, "COPY . .\nRUN yarn install --immutable\n"),
            "COPY package.json yarn.lock .yarnrc.yml ./\nCOPY tools/yarn.cjs ./tools/\n"
            "RUN yarn install --immutable\nCOPY . .\n");
}

// What the manifests name besides packages is not there when the install comes first.
TEST(EarlierInstall, IsNotMovedAwayFromFilesThatManifestsName) {
  const std::pair<std::string, std::string> lock = {"package-lock.json", "{}"},
                                            package = {"package.json", "{}"};
  const std::string npm = "COPY . .\nRUN npm ci\n";
  const std::string pnpm = "COPY . .\nRUN pnpm i --frozen-lockfile\n";
  const std::string members = "packages: [p/*]\n";
  const struct {
    ProjectFiles files;
    std::string text;
  } cases[] = {
      {{package, {"package-lock.json", "{\"resolved\":\"file:shrinkpack/x-1.0.0.tgz\"}"}}, npm},
      {{{"package.json", "{\"dependencies\":{\"l\":\"./lib\"}}"}, lock}, npm},
      {{package, lock, {"binding.gyp", ""}}, npm},
      {{package,
        {"pnpm-workspace.yaml", members + "patchedDependencies: {f: my/f.patch}\n"},
        {"p/a/package.json", "{}"}},
       pnpm},
      {{package,
        {"pnpm-workspace.yaml", members},
        {"p/a/package.json", "{\"scripts\":{\"prepare\":\"tsc\"}}"}},
       pnpm},
      {{package, {"pnpm-workspace.yaml", members}, {"p/a/package.json", "{\"bin\":{\"x\":\"cli.js\"}}"}},
       pnpm},
      {{package, {".yarnrc", "yarn-offline-mirror \"./mirror\"\n"}}, "COPY . .\nRUN yarn install\n"},
      {{{"a/a.csproj", "<Import Project=\"../build/x.props\"/>"}}, "COPY . .\nRUN dotnet restore\n"},
      {{{"a/a.csproj", ""}, {"nuget.config", "<add key=\"l\" value=\"./local\"/>"}},
       "COPY . .\nRUN dotnet restore\n"},
      {{{"pom.xml", "<relativePath>build/parent</relativePath>"}},
       "COPY . .\nRUN mvn dependency:go-offline\n"},
      {{{"pom.xml", ""}}, "COPY . .\nRUN mvn -s settings.xml package\n"},
      {{{"Pipfile", "a = {editable=true, path=\".\"}"}, {"Pipfile.lock", ""}}, "COPY . .\nRUN pipenv sync\n"},
  };
  for (const auto& one : cases)
    EXPECT_EQ(with_earlier_install(one.files, one.text), one.text) << one.files.back().second;
}

TEST(EarlierInstall, TakesPatchesAndSettingsAlong) {
  const std::string text = "COPY . .\nRUN npm ci\n";
  EXPECT_EQ(with_earlier_install({{"package.json", "{\"scripts\":{\"postinstall\":\"patch-package\"}}"},
                                  {"package-lock.json", "{}"},
                                  {"patches/x+1.patch", ""}},
                                 text),
            "COPY package.json package-lock.json ./\nCOPY patches ./patches\nRUN npm ci\nCOPY . .\n");
}

TEST(EarlierInstall, AsksToExcludePackagesThatNothingExcludes) {
  const test::TemporaryFolder folder;
  for (const char* name : {"package.json", "package-lock.json", "a.js"})
    folder.write(name, "{}");
  const auto asks = [&] {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
    const dockerfile::File file =
        dockerfile::parse("FROM a\nWORKDIR /app\nCOPY . .\nRUN cd /app && npm ci\n");
    const lint::Findings findings = linter.lint(file, test::facts_of(folder));
    return findings.diagnostics.at(0).remedy.ends_with(", and exclude node_modules in the ignore file");
  };
  EXPECT_TRUE(asks());
  folder.write(".dockerignore", "node_modules\n");
  EXPECT_FALSE(asks());
}

TEST(EarlierInstall, GoesBelowAllInstallsThatFollow) {
  const ProjectFiles files = {{"src/a", ""}, {"etc/c", ""}};
  const std::string curl = "RUN apt-get update && apt-get install -y curl\n";
  const std::string jq = "RUN apt-get update && apt-get install -y jq\n";
  EXPECT_EQ(with_earlier_install(files, "COPY src /opt/src\n" + curl + jq),
            curl + jq + "COPY src /opt/src\n");
  const std::string apart = "COPY src /opt/src\n" + curl + "COPY etc/c /etc/foo\n" + jq;
  EXPECT_EQ(with_earlier_install(files, apart), apart);
}

TEST(EarlierInstall, IsSafeOnlyForFilesThatAreInEachClone) {
  const test::TemporaryFolder folder;
  for (const char* name : {"package.json", "package-lock.json", ".npmrc"})
    folder.write(name, "{}");
  folder.write("a.js", "");
  folder.write(".gitignore", ".npmrc\n");
  const auto is_safe = [&] {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
    const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /app\nCOPY . .\nRUN npm install\n");
    const lint::Findings findings = linter.lint(file, test::facts_of(folder));
    return findings.diagnostics.at(0).fix.value().safe;
  };
  EXPECT_TRUE(is_safe());
  ASSERT_EQ(std::system(("cd " + folder.path() + " && git init -q && git add -A").c_str()), 0);
  EXPECT_FALSE(is_safe());
  folder.write(".gitignore", "");
  ASSERT_EQ(std::system(("cd " + folder.path() + " && git add -A").c_str()), 0);
  EXPECT_TRUE(is_safe());
}

}  // namespace
}  // namespace dcache
