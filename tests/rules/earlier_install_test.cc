// DC1001's fix for projects of several parts: what is copied for the install, and what is run.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"
#include "tests/system.h"

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

TEST(EarlierInstall, InstallsInTheFolderOfAProject) {
  const ProjectFiles npm = {{"web/package.json", "{}"}, {"web/package-lock.json", "{}"}, {"web/a.js", ""}};
  const std::string copies = "COPY web/package.json web/package-lock.json ./web/\n";
  EXPECT_EQ(with_earlier_install(npm, "COPY . .\nWORKDIR web\nRUN npm ci\nRUN npm run build\n"),
            copies + "WORKDIR web\nRUN npm ci\nCOPY . /app\nRUN npm run build\n");
  EXPECT_EQ(with_earlier_install(npm, "COPY . .\nRUN cd web && npm ci && npm run build\n"),
            copies + "RUN cd web && npm ci\nCOPY . .\nRUN cd web && npm run build\n");
  EXPECT_EQ(with_earlier_install(npm, "COPY . .\nRUN cd web && npm ci\n"),
            copies + "RUN cd web && npm ci\nCOPY . .\n");
  // The shell goes on after the first of these, and comes from another folder.
  for (const char* text :
       {"COPY . .\nRUN cd web; npm ci; npm run build\n", "COPY . .\nRUN (cd web && npm ci)\n",
        // A folder that is not there, or that a build argument decides.
        "COPY . .\nRUN cd lib && cd ../web && npm ci\n", "COPY . .\nRUN cd lib/../web && npm ci\n",
        "COPY . .\nRUN cd lib && cd /app/web && npm ci\n", "ARG D=web\nCOPY $D ./\nRUN npm ci\n",
        "ARG D=web\nCOPY . .\nWORKDIR $D\nRUN npm ci\n", "ARG D=web\nENV E=$D\nCOPY $E ./\nRUN npm ci\n"})
    EXPECT_EQ(with_earlier_install(npm, text), text);
  EXPECT_EQ(with_earlier_install(npm, "ENV D=web\nCOPY $D ./\nRUN npm ci\n"),
            "ENV D=web\nCOPY web/package.json web/package-lock.json ./\nRUN npm ci\nCOPY $D ./\n");
  ProjectFiles two = npm;
  two.insert(two.end(), {{"api/package.json", "{}"}, {"api/package-lock.json", "{}"}, {"api/b.js", ""}});
  EXPECT_EQ(with_earlier_install(two, "COPY . .\nRUN cd web && npm ci\nRUN cd api && npm ci\n"),
            copies +
                "RUN cd web && npm ci\nCOPY api/package.json api/package-lock.json ./api/\n"
                "RUN cd api && npm ci\nCOPY . .\n");
  const ProjectFiles maven = {{"api/pom.xml", ""}, {"api/src/main/java/A.java", ""}};
  EXPECT_EQ(with_earlier_install(maven, "COPY . .\nWORKDIR /app/api\nRUN mvn package\n"),
            "COPY api/pom.xml ./api/\nWORKDIR /app/api\nRUN mvn -B -fn dependency:go-offline\n"
            "COPY . /app\nRUN mvn package\n");
  // What is above, or next to the folder, is needed as well.
  const ProjectFiles with_parent = {{"api/pom.xml", "<parent/>"}, {"api/src/A.java", ""}, {"pom.xml", ""}};
  const ProjectFiles dotnet = {{"App/App.csproj", "<ProjectReference Include=\"..\\Lib\\Lib.csproj\"/>"},
                               {"App/A.cs", ""},
                               {"Lib/Lib.csproj", ""}};
  for (const auto& [files, text] :
       {std::pair(with_parent, "COPY . .\nRUN cd api && mvn package\n"),
        std::pair(dotnet, "COPY . .\nRUN cd App && dotnet restore && dotnet publish --no-restore\n")})
    EXPECT_EQ(with_earlier_install(files, text), text);
  const ProjectFiles go = {{"api/go.mod", "module a\n"}, {"api/go.sum", ""}, {"api/main.go", ""}};
  EXPECT_EQ(with_earlier_install(go, "COPY . .\nRUN cd api && go build -o /a .\n"),
            "COPY api/go.mod api/go.sum ./api/\nRUN cd api && go mod download\nCOPY . .\n"
            "RUN cd api && go build -o /a .\n");
  const ProjectFiles uv = {
      {"api/pyproject.toml", "[project]\nname = \"a\"\n"}, {"api/uv.lock", ""}, {"api/a.py", ""}};
  EXPECT_EQ(with_earlier_install(uv, "COPY . .\nRUN cd api && uv sync --frozen\n"),
            "COPY api/pyproject.toml api/uv.lock ./api/\n"
            "RUN cd api && uv sync --frozen --no-install-project\nCOPY . .\n"
            "RUN cd api && uv sync --frozen\n");
  const ProjectFiles cargo = {
      {"api/Cargo.toml", "[package]\nname = \"a\"\n"}, {"api/Cargo.lock", ""}, {"api/src/main.rs", ""}};
  EXPECT_EQ(with_earlier_install(cargo, "COPY . .\nRUN cd api && cargo build --release\n"),
            "COPY api/Cargo.toml api/Cargo.lock ./api/\n"
            "RUN cd api && mkdir -p src && touch src/lib.rs && cargo fetch && rm -r src\nCOPY . .\n"
            "RUN cd api && cargo build --release\n");
}

TEST(EarlierInstall, IsUnsafeWhereAFolderAboveHasSettingsToo) {
  const auto reason = [](const ProjectFiles& files,
                         const std::string& steps = "COPY . .\nRUN cd web && npm ci\n") {
    const test::TemporaryFolder folder;
    for (const auto& [path, content] : files)
      folder.write(path, content);
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
    const dockerfile::File file = dockerfile::parse("FROM node:22\nWORKDIR /app\n" + steps);
    const lint::Findings findings = linter.lint(file, test::facts_of(folder));
    return findings.diagnostics.at(0).fix.value().unsafe_because;
  };
  const ProjectFiles npm = {{"web/package.json", "{}"},
                            {"web/package-lock.json", "{\"lockfileVersion\": 3}"},
                            {"web/a.js", ""},
                            {".dockerignore", "**/node_modules\n"}};
  EXPECT_EQ(reason(npm), "");
  ProjectFiles with_root = npm;
  with_root.push_back({"package.json", "{}"});
  EXPECT_EQ(reason(with_root), "");
  with_root.back().second = "{\"workspaces\": [\"web\"]}";
  const std::string above = " is in a folder above, and the install may read it too";
  EXPECT_EQ(reason(with_root), "package.json" + above);
  with_root.back().second = "{\"packageManager\": \"npm@10\"}";
  EXPECT_EQ(reason(with_root), "package.json" + above);
  EXPECT_EQ(reason({{"web/package.json", "{}"},
                    {"web/pnpm-lock.yaml", "lockfileVersion: '9.0'\n"},
                    {"web/a.js", ""},
                    {"pnpm-workspace.yaml", "catalog: {a: 1}\n"},
                    {".dockerignore", "**/node_modules\n"}},
                   "COPY . .\nRUN cd web && pnpm install --frozen-lockfile\n"),
            "pnpm-workspace.yaml" + above);
  EXPECT_EQ(
      reason(
          {{"srv/go.mod", "module a\n"}, {"srv/go.sum", "\n"}, {"srv/a.go", ""}, {"go.work", "use ./srv\n"}},
          "COPY . .\nRUN cd srv && go mod download\n"),
      "go.work" + above);
  // Who runs the install has to be able to write to the folder, which COPY makes for root.
  const std::string user = "node may not write to the folder of the install until the rest is copied";
  const std::string run = "USER node\nRUN cd web && npm ci\n";
  EXPECT_EQ(reason(npm, "COPY . .\n" + run), user);
  EXPECT_EQ(reason(npm, "COPY --chmod=777 . .\n" + run), user);
  EXPECT_EQ(reason(npm, "COPY --chown=root:node . .\n" + run), user);
  EXPECT_EQ(reason(npm, "COPY --chown=node . .\n" + run), "");
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
  EXPECT_EQ(with_earlier_install(npm, "COPY . srv\nWORKDIR /app/srv\nRUN npm ci\n"),
            "COPY package.json package-lock.json srv/\nWORKDIR /app/srv\nRUN npm ci\nCOPY . /app/srv\n");
  for (const char* text :
       {"ARG D=srv\nWORKDIR /$D\nCOPY . .\nWORKDIR /app\nRUN npm ci\n", "COPY . $D\nENV D=/x\nRUN npm ci\n"})
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
  folder.write(".dockerignore", "node_modules\n");
  for (const char* name : {"package.json", "package-lock.json", ".npmrc"})
    folder.write(name, "{}");
  folder.write("a.js", "");
  folder.write(".gitignore", ".npmrc\n");
  const auto is_safe = [&] {
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
    const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /app\nCOPY . .\nRUN npm install\n");
    const lint::Findings findings = linter.lint(file, test::facts_of(folder));
    return findings.diagnostics.at(0).fix.value().is_safe();
  };
  EXPECT_TRUE(is_safe());
  ASSERT_EQ(test::run_shell("cd " + folder.path() + " && git init -q && git add -A"), 0);
  EXPECT_FALSE(is_safe());
  folder.write(".gitignore", "");
  ASSERT_EQ(test::run_shell("cd " + folder.path() + " && git add -A"), 0);
  EXPECT_TRUE(is_safe());
}

// "safe", "unsafe" or "no fix" of the first finding of DC1001; the lines of the Dockerfile come after FROM
// and WORKDIR.
struct Offer {
  std::string kind;
  std::string remedy;
  std::string unsafe_because;
};
Offer offer_for(const ProjectFiles& files, const std::string& text) {
  const test::TemporaryFolder folder;
  for (const auto& [path, content] : files)
    folder.write(path, content);
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /app\n" + text);
  const lint::Findings found = linter.lint(file, test::facts_of(folder));
  EXPECT_TRUE(found.bad_fixes.empty()) << text;
  test::expect_reasons(found);
  if (found.diagnostics.empty()) return {"none", "", ""};
  const lint::Diagnostic& first = found.diagnostics.front();
  return {!first.fix             ? "no fix"
          : first.fix->is_safe() ? "safe"
                                 : "unsafe",
          first.remedy, first.fix ? first.fix->unsafe_because : ""};
}

const ProjectFiles kNpmFiles = {{"package.json", "{\"dependencies\":{\"b\":\"1\"}}"},
                                {"package-lock.json", "{}"},
                                {".dockerignore", "node_modules\n"},
                                {"a.js", ""}};
const std::string kNpmCopies = "COPY package.json package-lock.json ./\n";

TEST(EarlierInstall, SaysWhyItIsUnsafe) {
  const auto reason = [](const ProjectFiles& more, const std::string& text) {
    ProjectFiles files = kNpmFiles;
    for (const auto& file : more) {
      std::erase_if(files, [&](const auto& one) { return one.first == file.first; });
      files.push_back(file);
    }
    return offer_for(files, text).unsafe_because;
  };
  const std::string npm = "COPY . .\nRUN npm ci\n";
  EXPECT_EQ(reason({}, npm), "");
  EXPECT_EQ(
      reason({{"package.json", "{\"scripts\":{\"postinstall\":\"x\"}}"}}, npm),
      "package.json has scripts that run with the install, and they may read files that are copied later");
  EXPECT_EQ(reason({{".dockerignore", "x\n"}}, npm),
            "the ignore file lets node_modules into the context, and the COPY may write it over the new one");
  EXPECT_EQ(reason({}, "COPY . .\nRUN npm ci --foo\n"),
            "a word of 'npm ci --foo' may name a file that is copied later");
  EXPECT_EQ(reason({{"venv/a", ""}}, npm),
            "the install may read venv, which is copied later, or write to it");
  EXPECT_EQ(reason({}, "COPY . .\nENV NPM_CONFIG_USERCONFIG=a/npmrc\nRUN npm ci\n"),
            "a variable of the stage may name a file that the install reads and that is copied later");
}

// npm's global packages do not depend on the project, unless a folder of it is installed.
TEST(EarlierInstall, PassesGlobalPackagesOfNpm) {
  const auto is_safe = [](const std::string& step) {
    const test::TemporaryFolder folder;
    for (const auto& [path, content] : kNpmFiles)
      folder.write(path, content);
    folder.write("serve/index.js", "");
    const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
    const dockerfile::File file =
        dockerfile::parse("FROM node:22\nWORKDIR /app\nCOPY . .\n" + step + "\nRUN npm ci\n");
    const lint::Findings findings = linter.lint(file, test::facts_of(folder));
    // The first is about the global package itself.
    const auto& fix = findings.diagnostics.back().fix;
    EXPECT_TRUE(fix) << step;
    return fix && fix->is_safe();
  };
  EXPECT_TRUE(is_safe("RUN npm i -g pnpm@9"));
  EXPECT_TRUE(is_safe("RUN npm install --global pnpm@9 && corepack enable"));
  EXPECT_FALSE(is_safe("RUN npm i -g serve"));
}

// With the COPY below them, steps that only change settings do the same.
TEST(EarlierInstall, PassesStepsThatOnlyChangeSettings) {
  const auto kind = [](const std::string& step, const ProjectFiles& more = {}) {
    ProjectFiles files = kNpmFiles;
    files.insert(files.end(), more.begin(), more.end());
    files.emplace_back("serve/index.js", "");
    return offer_for(files, "COPY . .\n" + step + "\nRUN npm ci\n").kind;
  };
  for (const char* step : {"RUN touch .env", "RUN git config --global --add safe.directory /app",
                           "RUN npm config set fund false", "RUN bundle config set --local without test",
                           "RUN corepack enable", "RUN gem install bundler"})
    EXPECT_EQ(kind(step), "safe") << step;
  EXPECT_EQ(kind("RUN bundle config set --local without test", {{".bundle/config", ""}}), "no fix");
  for (const char* step : {"RUN touch dist/x", "RUN cp .env.example .env", "RUN echo x > .env",
                           "RUN git config a.b c", "RUN gem install -g"})
    EXPECT_EQ(kind(step), "no fix") << step;
  for (const char* step :
       {"RUN npm config set fund false --location=project", "RUN corepack prepare pnpm@9 --activate",
        "RUN npm config set cafile /app/ca.pem", "RUN git config --global include.path ./gc"})
    EXPECT_EQ(kind(step), "unsafe") << step;
  // The COPY may bring the file.
  EXPECT_EQ(kind("RUN npm config set globalconfig c.txt"), "safe");
  EXPECT_EQ(kind("RUN npm config set globalconfig c.txt", {{"c.txt", ""}}), "unsafe");
}

TEST(EarlierInstall, SplitsOnlyOneListOfCommands) {
  for (const char* rest : {"&& npm run build", "&& npm run build | tee /log", "&& NODE_ENV=x npm run build",
                           "&& npm run build && (cd a && b)", "&& npm run build >/log 2>&1"}) {
    EXPECT_EQ(offer_for(kNpmFiles, std::string("COPY . .\nRUN npm ci ") + rest + "\n").kind, "safe") << rest;
  }
  EXPECT_EQ(with_earlier_install(kNpmFiles, "COPY . .\nRUN npm ci && NODE_ENV=x npm run build\n"),
            kNpmCopies + "RUN npm ci\nCOPY . .\nRUN NODE_ENV=x npm run build\n");
  // An install that fails did not fail the build, or something depends on its status.
  for (const char* rest :
       {"&& npm run build || echo failed", "&& npm run build; rm -rf x.js", "&& npm run build &",
        "&& npm run build & # later", "&& (npm run build) &", "&& ! npm run check",
        "> /log && npm run build || true", "&& (a; b) || c", "&& if a; then b; fi"}) {
    EXPECT_EQ(offer_for(kNpmFiles, std::string("COPY . .\nRUN npm ci ") + rest + "\n").kind, "no fix")
        << rest;
  }
  // A download that is added may fail a build too.
  const ProjectFiles module = {{"go.mod", "module x\n"}, {"go.sum", "\n"}, {"a.go", ""}};
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a .\n").kind, "unsafe");
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN set -e; go build -o /a .; echo\n").kind, "unsafe");
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a . || true\n").kind, "no fix");
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a .; echo\n").kind, "no fix");
  // What the first part writes there is not in the second.
  EXPECT_EQ(offer_for(kNpmFiles, "COPY . .\nRUN --mount=type=tmpfs,target=/t npm ci && npm run build\n").kind,
            "no fix");
}

TEST(EarlierInstall, KeepsWithTheInstallWhatBelongsToIt) {
  const auto moved = [](const std::string& run) {
    return with_earlier_install(kNpmFiles, "COPY . .\n" + run);
  };
  for (const char* run :
       {"RUN npm ci && npm cache clean --force\n",
        "RUN npm ci && npm cache clean --force && rm -rf /root/.npm\n",
        "RUN npm ci && npm audit --omit=dev\n", "RUN npm ci \\\n && rm -rf /tmp/* ~/.npm\n"}) {
    EXPECT_EQ(moved(run), kNpmCopies + run + "COPY . .\n");
  }
  EXPECT_EQ(moved("RUN npm ci && npm ls && npm run build\n"),
            kNpmCopies + "RUN npm ci && npm ls\nCOPY . .\nRUN npm run build\n");
  // These change what the sources bring, or read them.
  for (const char* next : {"rm -rf test", "npm audit fix", "rm -rf /app/test", "npm ls > list"}) {
    EXPECT_EQ(moved(std::string("RUN npm ci && ") + next + "\n"),
              kNpmCopies + "RUN npm ci\nCOPY . .\nRUN " + next + "\n");
  }
  const ProjectFiles module = {{"go.mod", "module x\n"}, {"go.sum", "\n"}, {"a.go", ""}};
  EXPECT_EQ(with_earlier_install(module, "COPY . .\nRUN go mod download && go mod verify && go list ./...\n"),
            "COPY go.mod go.sum ./\nRUN go mod download && go mod verify\nCOPY . .\nRUN go list ./...\n");
}

// A mount for the first part is judged when the second is a step of its own.
TEST(EarlierInstall, IsSplitBeforeItGetsAMount) {
  const test::TemporaryFolder folder;
  for (const char* name : {"go.mod", "go.sum", "a.go"})
    folder.write(name, "module x\n");
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001", "DC1003"}));
  const std::string end = "FROM scratch\nCOPY --from=0 /s/a /a\n";
  const auto fixed = [&](const std::string& run) {
    const std::string text = "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN " + run + "\n" + end;
    return lint::apply_fixes(linter, text, test::facts_of(folder), false).text;
  };
  const std::string head = "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\n";
  EXPECT_EQ(fixed("go mod download && go mod verify"),
            head + "RUN --mount=type=cache,target=/go/pkg/mod \\\n    go mod download && go mod verify\n" +
                "COPY . .\n" + end);
  EXPECT_EQ(fixed("go mod download && ./check && go mod verify"),
            head + "RUN go mod download\nCOPY . .\nRUN ./check && go mod verify\n" + end);
}

TEST(EarlierInstall, IsNotApartFromWhatRemovesPackages) {
  const std::string npm = "COPY . .\nRUN npm ci && npm run build && ";
  const std::string stage = "FROM a AS b\nWORKDIR /app\n";
  for (const char* end : {"rm -rf node_modules",
                          "rm -rf ./node_modules /tmp/x",
                          "rm -rf /app/node_modules/*",
                          "rm -rf /app",
                          "rm -rf *",
                          "rm -rf packages/a/node_modules",
                          "cd dist && rm -rf ../node_modules",
                          "npm prune --production",
                          "npm prune --omit=dev",
                          "npm uninstall x",
                          "npm ci --omit=dev",
                          "yarn install --production",
                          "npx modclean",
                          "mv node_modules /deps",
                          "chown -R node:node /app",
                          "chmod -R a+r .",
                          "find node_modules -name '*.md' -delete",
                          "npm cache clean --force",
                          "rm -rf /root/.npm",
                          "rm -rf ~/.npm/_cacache"}) {
    const Offer offer = offer_for(kNpmFiles, npm + end + "\n");
    EXPECT_EQ(offer.kind, "no fix") << end;
    EXPECT_NE(offer.remedy.find(" in a later layer the image would be larger"), std::string::npos) << end;
    // Only its files are copied out of a build stage.
    const std::string text = npm + end + "\nFROM a\nCOPY --from=0 /app/dist /dist\n";
    EXPECT_EQ(offer_for(kNpmFiles, text).kind, "safe") << end;
  }
  for (const char* end : {"rm -rf test", "rm -rf node_modules/.cache", "rm -f *.log", "chown node:node /app",
                          "chown -R node:node dist", "npm run prune", "cd client && npm ci", "rm -rf /tmp/*"})
    EXPECT_EQ(offer_for(kNpmFiles, npm + end + "\n").kind, "safe") << end;
  for (const char* end : {"find . -name '*.md' -delete", "rm -rf $OLD"})
    EXPECT_EQ(offer_for(kNpmFiles, npm + end + "\n").kind, "unsafe") << end;
  const ProjectFiles composer = {{"composer.json", "{}"}, {"composer.lock", "{}"}, {"a.php", ""}};
  EXPECT_EQ(
      offer_for(composer, "COPY . .\nRUN composer install && ./test && composer install --no-dev\n").kind,
      "no fix");
  EXPECT_EQ(offer_for(composer, "COPY . .\nRUN composer install && rm -rf vendor/*/*/tests\n").kind,
            "no fix");
  const ProjectFiles module = {{"go.mod", "module x\n"}, {"go.sum", "\n"}, {"a.go", ""}};
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a . && go clean -modcache\n").kind, "no fix");
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a . && go clean -cache\n").kind, "unsafe");
  EXPECT_EQ(offer_for(module, "COPY . .\nRUN go build -o /a . && rm -rf /go/pkg\n").kind, "no fix");
}

TEST(EarlierInstall, NeedsTheLockFileThatTheInstallNeeds) {
  const struct {
    ProjectFiles files;
    std::string install;
    std::string lock;
  } cases[] = {
      {{{"package.json", "{}"}}, "npm ci", "package-lock.json"},
      {{{"package.json", "{}"}, {"package-lock.json", ""}, {".dockerignore", "*-lock.json\n"}},
       "npm ci",
       "package-lock.json"},
      {{{"package.json", "{}"}}, "yarn install --immutable", "yarn.lock"},
      {{{"package.json", "{}"}}, "pnpm install --frozen-lockfile", "pnpm-lock.yaml"},
      {{{"package.json", "{}"}}, "bun install --frozen-lockfile", "bun.lock"},
      {{{"pyproject.toml", "[project]\n"}}, "uv sync --frozen", "uv.lock"},
      {{{"pyproject.toml", "[project]\n"}}, "uv sync --locked --no-install-project", "uv.lock"},
      {{{"Pipfile", "[packages]\n"}}, "pipenv sync", "Pipfile.lock"},
      {{{"Gemfile", "gem 'a'\n"}}, "bundle install --deployment", "Gemfile.lock"},
      {{{"mix.exs", "x\n"}}, "mix deps.get --check-locked", "mix.lock"},
      {{{"a.csproj", "<Project/>"}}, "dotnet restore --locked-mode", "packages.lock.json"},
  };
  for (const auto& one : cases) {
    ProjectFiles files = one.files;
    files.emplace_back("src/a", "");
    const Offer offer = offer_for(files, "COPY . .\nRUN " + one.install + "\n");
    EXPECT_EQ(offer.kind, "no fix") << one.install;
    EXPECT_NE(offer.remedy.find(" and " + one.lock + " first"), std::string::npos) << offer.remedy;
    EXPECT_NE(offer.remedy.find(one.lock + " is not in the build context"), std::string::npos)
        << offer.remedy;
    std::erase_if(files, [](const auto& file) { return file.first == ".dockerignore"; });
    files.emplace_back(one.lock, "");
    EXPECT_NE(offer_for(files, "COPY . .\nRUN " + one.install + "\n").kind, "no fix") << one.install;
  }
  ProjectFiles shrinkwrap = {{"package.json", "{}"}, {"npm-shrinkwrap.json", "{}"}, {"a.js", ""}};
  EXPECT_EQ(offer_for(shrinkwrap, "COPY . .\nRUN npm ci\n").kind, "unsafe");
  shrinkwrap.pop_back();
  const ProjectFiles uv = {{"pyproject.toml", "[project]\n"}, {"a.py", ""}};
  EXPECT_EQ(offer_for(uv, "ENV UV_FROZEN=1\nCOPY . .\nRUN uv sync\n").kind, "no fix");
  EXPECT_EQ(offer_for(uv, "COPY . .\nRUN uv sync\n").kind, "unsafe");
}

TEST(EarlierInstall, ComesBelowTheToolThatItNeeds) {
  const ProjectFiles composer = {{"composer.json", "{}"}, {"composer.lock", "{}"}, {"a.php", ""}};
  const std::string tool = "COPY --from=composer:2 /usr/bin/composer /usr/bin/composer\n";
  EXPECT_EQ(with_earlier_install(composer, "COPY . .\n" + tool + "RUN composer install\n"),
            "COPY composer.json composer.lock ./\n" + tool +
                "RUN composer install --no-scripts --no-autoloader\nCOPY . .\nRUN composer install\n");
  const ProjectFiles uv = {{"pyproject.toml", "[project]\n"}, {"uv.lock", ""}, {"a.py", ""}};
  for (const char* steps :
       {"RUN pip install uv\n",
        "COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv\nENV UV_COMPILE_BYTECODE=1\n",
        "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\nENV PATH=/root/.local/bin:$PATH\n",
        "RUN wget -qO- https://x/uv.tgz | tar -xz -C /usr/local/bin\n",
        "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nRUN pip install "
        "uv\n"}) {
    EXPECT_EQ(with_earlier_install(uv, std::string("COPY . .\n") + steps + "RUN uv sync --frozen\n"),
              std::string("COPY pyproject.toml uv.lock ./\n") + steps +
                  "RUN uv sync --frozen --no-install-project\nCOPY . .\nRUN uv sync --frozen\n")
        << steps;
  }
  // These may read the sources, or write where the COPY does.
  for (const char* steps :
       {"RUN ./install-uv.sh\n", "RUN pip install -r tools.txt\n", "COPY config ./config\n",
        "RUN curl -O https://x/uv\n", "RUN tar -xzf uv.tgz\n", "RUN cp uv.toml /etc/uv/\n",
        "RUN corepack install\n", "RUN apt-get install -y ./a.deb\n", "RUN wget https://x/uv\n",
        "RUN rm -rf tests && x\n"}) {
    const std::string text = std::string("COPY . .\n") + steps + "RUN uv sync --frozen\n";
    EXPECT_EQ(with_earlier_install(uv, text), text) << steps;
  }
  const ProjectFiles module = {{"go.mod", "module x\n"}, {"go.sum", "\n"}, {"a.go", ""}};
  const std::string go =
      "COPY --from=golang:1.22 /usr/local/go /usr/local/go\nENV PATH=/usr/local/go/bin:$PATH\n";
  EXPECT_EQ(with_earlier_install(module, "COPY . .\n" + go + "RUN go build -o /x .\n"),
            "COPY go.mod go.sum ./\n" + go + "RUN go mod download\nCOPY . .\nRUN go build -o /x .\n");
  // In the same RUN.
  for (const char* run :
       {"apt-get install -y golang && go build -o /x .", "cp netrc /root/.netrc && go build ."}) {
    const std::string text = std::string("COPY . .\nRUN ") + run + "\n";
    EXPECT_EQ(offer_for(module, text).kind, "no fix") << run;
  }
  EXPECT_EQ(with_earlier_install(module,
                                 "COPY . .\nRUN export GOPROXY=https://p && mkdir /o && go build -o /o .\n"),
            "COPY go.mod go.sum ./\nRUN export GOPROXY=https://p && go mod download\nCOPY . .\n"
            "RUN export GOPROXY=https://p && mkdir /o && go build -o /o .\n");
  // What only works on the sources stays below them.
  EXPECT_EQ(with_earlier_install(module, "COPY . .\nRUN go vet ./...\nRUN go build -o /x .\n"),
            "COPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go vet ./...\nRUN go build -o /x .\n");
  // An install that moves comes below it too.
  const std::string text = "COPY . .\nCOPY --from=node:20 /usr/local /usr/local\nRUN npm ci\n";
  EXPECT_EQ(offer_for(kNpmFiles, text).kind, "unsafe");
  EXPECT_EQ(with_earlier_install(kNpmFiles, text),
            kNpmCopies + "COPY --from=node:20 /usr/local /usr/local\nRUN npm ci\nCOPY . .\n");
}

TEST(EarlierInstall, MakesTheWrapperExecutableFirst) {
  const ProjectFiles maven = {
      {"pom.xml", "<project/>"}, {"mvnw", ""}, {".mvn/wrapper/maven-wrapper.properties", ""}, {"run.sh", ""}};
  const std::string copies = "COPY pom.xml mvnw ./\nCOPY .mvn ./.mvn\n";
  const std::string download = "./mvnw -B -fn dependency:go-offline\nCOPY . .\n";
  for (const char* run :
       {"RUN chmod +x mvnw && ./mvnw -B package\n", "RUN chmod +x mvnw\nRUN ./mvnw package\n",
        "RUN chmod +x mvnw run.sh\nRUN ./mvnw package\n"}) {
    EXPECT_EQ(with_earlier_install(maven, std::string("COPY . .\n") + run),
              copies + "RUN chmod +x mvnw && " + download + run);
  }
  const std::string other = "RUN chmod +x run.sh && ./mvnw package\n";
  EXPECT_EQ(with_earlier_install(maven, "COPY . .\n" + other), copies + "RUN " + download + other);
  const std::string all = "COPY . .\nRUN chmod -R +x . && ./mvnw package\n";
  EXPECT_EQ(with_earlier_install(maven, all), all);
  const std::string shell = "COPY . .\nRUN sh ./mvnw package\n";
  EXPECT_EQ(with_earlier_install(maven, shell), shell);
}

TEST(EarlierInstall, IsUnsafeIfPackagesOfThisMachineMayComeOverIt) {
  const auto kind = [](const std::string& ignored, const ProjectFiles& more, const std::string& install) {
    ProjectFiles files = {
        {"package.json", "{\"dependencies\":{\"b\":\"1\"}}"}, {".dockerignore", ignored}, {"a.js", ""}};
    files.insert(files.end(), more.begin(), more.end());
    return offer_for(files, "COPY . .\nRUN " + install + "\n").kind;
  };
  const ProjectFiles npm = {
      {"package-lock.json", "{\"packages\":{\"\":{\"dependencies\":{\"b\":\"1\"}},\"node_modules/b\":{}}}"}};
  EXPECT_EQ(kind("x\n", npm, "npm install"), "unsafe");
  EXPECT_EQ(kind("node_modules\n", npm, "npm install"), "safe");
  const ProjectFiles classic = {{"yarn.lock", "# yarn lockfile v1\n\nb@1:\n  version \"1.0.0\"\n"}};
  const ProjectFiles modern = {
      {"yarn.lock",
       "__metadata:\n  version: 8\n\n\"a@workspace:.\":\n  version: 0.0.0-use.local\n  dependencies:\n"
       "    b: \"npm:1\"\n  languageName: unknown\n\n\"b@npm:1\":\n  version: 1.0.0\n"}};
  ProjectFiles in_folder = modern;
  in_folder.emplace_back(".yarnrc.yml", "nodeLinker: node-modules\n");
  EXPECT_EQ(kind("node_modules\n", classic, "yarn install"), "safe");
  EXPECT_EQ(kind("node_modules\n", modern, "yarn install"), "unsafe");
  EXPECT_EQ(kind("node_modules\n.yarn\n.pnp.*\n", modern, "yarn install"), "safe");
  EXPECT_EQ(kind("node_modules\n", in_folder, "yarn install"), "unsafe");
  EXPECT_EQ(kind("node_modules\n.yarn\n", in_folder, "yarn install"), "safe");
  const ProjectFiles composer = {{"composer.json", "{}"}, {"composer.lock", "{}"}};
  const std::string install = "composer install --no-scripts --no-autoloader";
  EXPECT_EQ(kind("vendor\n", composer, install), "safe");
  EXPECT_EQ(kind("vendor\n", {{"composer.json", "{\"config\":{\"vendor-dir\":\"lib\"}}"}}, install),
            "unsafe");
}

// Package managers run more scripts of a package.json at an install than those that are called after it.
TEST(EarlierInstall, IsNotMovedAwayFromFilesThatItsScriptsRead) {
  const struct {
    std::string install;
    std::string lock;
    std::vector<std::string> run;
    std::vector<std::string> not_run;
  } cases[] = {
      {"npm ci",
       "package-lock.json",
       {"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare",
        "predependencies", "dependencies", "postdependencies"},
       {"build", "prepublishOnly", "prepack", "pnpm:devPreinstall"}},
      {"yarn install --frozen-lockfile",
       "yarn.lock",
       {"preinstall", "install", "postinstall", "prepublish", "prepare"},
       {"build", "prepublishOnly", "dependencies", "postprepare"}},
      {"pnpm install --frozen-lockfile",
       "pnpm-lock.yaml",
       {"pnpm:devPreinstall", "preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"},
       {"build", "prepublishOnly", "dependencies"}},
      {"bun install --frozen-lockfile",
       "bun.lock",
       {"preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"},
       {"build", "prepublish", "dependencies", "pnpm:devPreinstall"}},
  };
  for (const auto& one : cases) {
    const auto kind = [&](const std::string& script, bool has_file) {
      ProjectFiles files = {{"package.json", "{\n\t\"scripts\": {\"" + script + "\": \"node build.js\"},\n" +
                                                 "\t\"dependencies\": {\"install\": \"1\"}\n}\n"},
                            {one.lock, "{}"},
                            {".dockerignore", "node_modules\n"},
                            {"a.js", ""}};
      if (has_file) files.emplace_back("build.js", "");
      return offer_for(files, "COPY . .\nRUN " + one.install + "\n").kind;
    };
    for (const std::string& script : one.run) {
      EXPECT_EQ(kind(script, false), "unsafe") << one.install << " " << script;
      EXPECT_EQ(kind(script, true), "none") << one.install << " " << script;
    }
    for (const std::string& script : one.not_run)
      EXPECT_EQ(kind(script, true), "safe") << one.install << " " << script;
  }
  EXPECT_EQ(offer_for({{"package.json", "{\"scripts\": "}, {"package-lock.json", "{}"}, {"a.js", ""}},
                      "COPY . .\nRUN npm ci\n")
                .kind,
            "unsafe");
}

// A COPY of the sources after the install would put back what the lock file was before.
TEST(EarlierInstall, IsUnsafeIfItMayWriteTheLockFile) {
  const auto kind = [](const ProjectFiles& files, const std::string& install) {
    ProjectFiles all = files;
    all.insert(all.end(), {{".dockerignore", "node_modules\nvendor\ndeps\nobj\n.venv\n"}, {"src/a", ""}});
    return offer_for(all, "COPY . .\nRUN " + install + "\n").kind;
  };
  const std::string package =
      "{\"dependencies\": {\"a\": \"^1.0.0\"}, \"devDependencies\": {\"@x/b\": \"~2.0.0\"}}";
  const std::string replaced = package.substr(0, package.size() - 1) + ", \"overrides\": {\"c\": \"1\"}}";
  const struct {
    std::string install;
    std::string manifest;
    std::string text;
    std::string lock;
    std::string fitting;
    std::string other;
  } cases[] = {
      {"npm install", "package.json", package, "package-lock.json",
       "{\"packages\": {\"\": " + package + ", \"node_modules/a\": {}, \"node_modules/@x/b\": {}}}",
       "{\"packages\": {\"\": {\"dependencies\": {\"a\": \"^1.0.0\"}}, \"node_modules/a\": {}}}"},
      {"npm i", "package.json", package, "npm-shrinkwrap.json",
       "{\"packages\": {\"\": " + package + ", \"node_modules/a\": {}, \"node_modules/@x/b\": {}}}",
       "{\"packages\": {\"\": " + package + ", \"node_modules/a\": {}}}"},
      {"npm install", "package.json", "{}", "package-lock.json", "{}", "<<<<<<<"},
      {"yarn install", "package.json", package, "yarn.lock",
       "# yarn lockfile v1\n\n\"@x/b@~2.0.0\":\n  version \"2.0.1\"\n\na@^1.0.0, a@^1.1.0:\n  version "
       "\"1.2.0\"\n",
       "# yarn lockfile v1\n\na@^1.0.0, a@^1.1.0:\n  version \"1.2.0\"\n"},
      {"pnpm install", "package.json", package, "pnpm-lock.yaml",
       "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        specifier: "
       "^1.0.0\n"
       "        version: 1.2.0\n    devDependencies:\n      '@x/b':\n        specifier: ~2.0.0\n"
       "        version: 2.0.1\n\npackages:\n\n  a@1.2.0: {}\n",
       "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        specifier: "
       "^1.0.0\n"
       "        version: 1.2.0\n\npackages:\n"},
      {"pnpm install", "package.json", package, "pnpm-lock.yaml",
       "lockfileVersion: 5.4\n\nspecifiers:\n  '@x/b': ~2.0.0\n  a: ^1.0.0\n\npackages:\n",
       "lockfileVersion: 5.4\n\nspecifiers:\n  '@x/b': ~2.0.0\n  a: ^1.1.0\n\npackages:\n"},
      {"bun install", "package.json", package, "bun.lock",
       "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": {\n      \"name\": \"x\",\n"
       "      \"dependencies\": {\n        \"a\": \"^1.0.0\",\n      },\n      \"devDependencies\": {\n"
       "        \"@x/b\": \"~2.0.0\",\n      },\n    },\n  },\n  \"packages\": {\n  }\n}\n",
       "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": {\n      \"name\": \"x\",\n    },\n  "
       "},\n"
       "  \"packages\": {\n  }\n}\n"},
      {"bundle install", "Gemfile", "source \"https://rubygems.org\"\ngem \"rails\", \"~>7.1\"\ngem 'puma'\n",
       "Gemfile.lock", "GEM\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  puma\n  rails (~> 7.1)\n\nBUNDLED WITH\n",
       "GEM\n\nPLATFORMS\n  arm64-darwin-23\n  x86_64-linux\n\nDEPENDENCIES\n  puma\n  rails (~> 7.1)\n"},
      {"bundle install", "Gemfile", "source \"https://rubygems.org\"\ngem \"rails\", \"~> 7.1\"\n",
       "Gemfile.lock",
       "GEM\n\nPLATFORMS\n  aarch64-linux\n  x86_64-linux\n\nDEPENDENCIES\n  rails (~> 7.1)\n",
       "GEM\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rails (~> 7.0)\n"},
      {"go mod download", "go.mod",
       "module x\n\ngo 1.22\n\nrequire (\n\ta.b/c v1.2.3\n\td.e/f v0.1.0 // indirect\n)\n", "go.sum",
       "a.b/c v1.2.3 h1:x=\na.b/c v1.2.3/go.mod h1:x=\nd.e/f v0.1.0 h1:y=\n",
       "a.b/c v1.2.3 h1:x=\na.b/c v1.2.3/go.mod h1:x=\nd.e/f v0.1.0/go.mod h1:y=\n"},
      {"go mod download", "go.mod", "module x\n\nrequire a.b/c v1.2.3\n\nreplace a.b/c => g.h/c v1.2.4\n",
       "go.sum", "g.h/c v1.2.4 h1:x=\n", "a.b/c v1.2.3 h1:x=\n"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(kind({{one.manifest, one.text}, {one.lock, one.fitting}}, one.install), "safe") << one.fitting;
    EXPECT_EQ(kind({{one.manifest, one.text}, {one.lock, one.other}}, one.install), "unsafe") << one.other;
    // What it makes then stays.
    EXPECT_EQ(kind({{one.manifest, one.text}}, one.install), "safe") << one.install;
  }
  EXPECT_EQ(kind({{"package.json", replaced}, {"package-lock.json", cases[0].fitting}}, "npm install"),
            "unsafe");
  EXPECT_EQ(kind({{"package.json", package}, {"bun.lockb", "x"}}, "bun install"), "unsafe");
  EXPECT_EQ(kind({{"Pipfile", "[packages]\na = \"*\"\n"}, {"Pipfile.lock", "{}"}}, "pipenv install"),
            "unsafe");
  EXPECT_EQ(kind({{"Pipfile", "[packages]\na = \"*\"\n"}, {"Pipfile.lock", "{}"}}, "pipenv install --deploy"),
            "safe");
  const ProjectFiles composer = {{"composer.json", "{}"}, {"composer.lock", "{}"}};
  EXPECT_EQ(kind(composer, "composer update --no-scripts --no-autoloader"), "unsafe");
  EXPECT_EQ(kind(composer, "composer install --no-scripts --no-autoloader"), "safe");
  // What a build on this machine has left would come over what was restored.
  EXPECT_NE(offer_for({{"a.csproj", "<Project/>"}, {"a.cs", ""}}, "COPY . .\nRUN dotnet restore\n")
                .remedy.find("exclude obj in the ignore file"),
            std::string::npos);
}

// A step below the sources that asks for the newest is done again with each edit.
TEST(EarlierInstall, IsUnsafeIfItIsToBeDoneAgain) {
  const ProjectFiles list = {{"requirements.txt", "flask\n"}, {"a.py", ""}};
  EXPECT_EQ(offer_for(list, "COPY . .\nRUN pip install -r requirements.txt\n").kind, "safe");
  EXPECT_EQ(offer_for(list, "COPY . .\nRUN pip install -U -r requirements.txt\n").kind, "unsafe");
  EXPECT_EQ(offer_for(kNpmFiles, "COPY . .\nRUN npm ci && npm audit\n").kind, "unsafe");
  EXPECT_EQ(offer_for(kNpmFiles, "COPY . .\nRUN npm ci && npm run build && npm audit\n").kind, "safe");
  const ProjectFiles source = {{"a.c", ""}};
  for (const char* run : {"apt-get update && apt-get upgrade -y",
                          "apt-get update && apt-get dist-upgrade -y && apt-get install -y curl",
                          "apk upgrade --no-cache", "apk add --upgrade curl"}) {
    const Offer offer = offer_for(source, std::string("COPY . .\nRUN ") + run + "\n");
    EXPECT_EQ(offer.kind, "unsafe") << run;
    EXPECT_NE(offer.remedy.find("leave it there if each edit is to upgrade them"), std::string::npos) << run;
  }
  for (const char* run :
       {"apt-get update && apt-get install -y curl", "apt-get install -y patch", "apk add curl"})
    EXPECT_EQ(offer_for(source, std::string("COPY . .\nRUN ") + run + "\n").kind, "safe") << run;
  // A script that makes the layer smaller works in the same RUN alone.
  for (const char* run : {"apt-get update && apt-get dist-upgrade -y && /scripts/install.sh",
                          "apt-get update && apt-get install -y curl && /scripts/cleanup.sh",
                          "apt-get install -y curl && sh /scripts/cleanup.sh"})
    EXPECT_EQ(offer_for(source, std::string("COPY . .\nRUN ") + run + "\n").kind, "none") << run;
  EXPECT_NE(offer_for(source, "COPY . .\nRUN apt-get install -y curl && /scripts/install.sh\n").kind, "none");
}

// Copied manifests are not enough for an install that includes the project.
TEST(EarlierInstall, IsSaidToLeaveTheProjectOut) {
  const ProjectFiles poetry = {{"pyproject.toml", "[tool.poetry]\n"}, {"poetry.lock", ""}, {"app/a.py", ""}};
  const std::string copies = "COPY app ./app\nCOPY pyproject.toml poetry.lock ./\n";
  EXPECT_EQ(offer_for(poetry, copies + "RUN poetry install --only main\n").remedy,
            "line 4 already copies pyproject.toml: install with --no-root right after it, then copy the rest "
            "and install again");
  EXPECT_EQ(offer_for(poetry, copies + "RUN poetry install --only main --no-root\n").remedy,
            "line 4 already copies pyproject.toml: install right after it, then copy the rest");
  const ProjectFiles uv = {{"pyproject.toml", "[project]\n"}, {"uv.lock", ""}, {"app/a.py", ""}};
  EXPECT_EQ(
      offer_for(uv, "COPY . .\nRUN uv sync --frozen\n").remedy,
      "copy pyproject.toml and uv.lock first, install with --no-install-project, then copy the rest and "
      "install again, and exclude .venv in the ignore file");
}

TEST(EarlierInstall, IsNotAskedForPackagesOfAnotherStage) {
  const ProjectFiles poetry = {{"pyproject.toml", "[tool.poetry]\n"}, {"poetry.lock", ""}, {"app/a.py", ""}};
  const auto kind = [&](const std::string& brought, const std::string& install) {
    const std::string stages = "COPY pyproject.toml poetry.lock ./\nRUN " + install +
                               " --no-root\nFROM a\nWORKDIR /srv\n" + brought +
                               "COPY app ./app\nCOPY pyproject.toml poetry.lock ./\nRUN " + install + "\n";
    return offer_for(poetry, stages).kind;
  };
  EXPECT_EQ(kind("COPY --from=0 /app /app\n", "poetry install"), "none");
  EXPECT_EQ(kind("COPY --from=0 /opt/venv /opt/venv\n", "poetry install"), "none");
  EXPECT_NE(kind("COPY --from=0 /usr/bin/tool /usr/bin/\n", "poetry install"), "none");
  EXPECT_NE(kind("", "poetry install"), "none");
  // That one removes what it finds.
  const std::string npm =
      "COPY package.json package-lock.json ./\nRUN npm ci\nFROM a\nWORKDIR /app\n"
      "COPY --from=0 /app/node_modules ./node_modules\nCOPY . .\nRUN npm ci\n";
  EXPECT_NE(offer_for(kNpmFiles, npm).kind, "none");
}

// What empties a cache can be with the install and after the build as well.
TEST(EarlierInstall, SaysToKeepTheCleanUpOfACacheWithIt) {
  const std::string apart = "in a build stage";
  const auto remedy = [](const std::string& run) {
    return offer_for(kNpmFiles, "COPY . .\nRUN " + run + "\n").remedy;
  };
  EXPECT_EQ(remedy("npm ci && npm cache clean --force").find("later layer"), std::string::npos);
  EXPECT_NE(remedy("npm ci && npm run build && npm cache clean --force")
                .find(", and keep 'npm cache clean --force' in the same RUN: in a later layer"),
            std::string::npos);
  EXPECT_NE(remedy("npm ci && npm run build && rm -rf ~/.npm").find("in the same RUN"), std::string::npos);
  EXPECT_NE(remedy("npm ci && npm run build && npm prune --omit=dev").find(apart), std::string::npos);
  EXPECT_NE(remedy("npm ci && npm run build && rm -rf /app").find(apart), std::string::npos);
}

}  // namespace
}  // namespace dcache
