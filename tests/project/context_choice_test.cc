#include "dcache/project/context_choice.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"

namespace dcache::project {
namespace {

// What is chosen for the Dockerfile `at` of a repository in /r: the folder, from there, with "?" where it may
// also be one above.
std::string chosen(const std::map<std::string, std::string>& repository, const std::string& at) {
  context::MemoryFiles files;
  for (const auto& [path, text] : repository)
    files.write("/r/" + path, text);
  const dockerfile::File file = dockerfile::parse(repository.at(at));
  const ContextChoice choice = choose_context(plan::build_graph(file, {}), "/r/" + at, "/r", files);
  const std::string folder = choice.folder == "/r" ? "." : choice.folder.substr(3);
  return choice.may_be_above.empty() ? folder : folder + "?";
}

TEST(ChooseContext, IsTheFolderThatCommandsNeedFilesOf) {
  const auto of = [](const std::string& steps, std::map<std::string, std::string> files) {
    files["svc/Dockerfile"] = "FROM a\nWORKDIR /w\nCOPY . .\n" + steps;
    files["svc/main.c"] = "";
    return chosen(files, "svc/Dockerfile");
  };
  EXPECT_EQ(of("RUN cargo build -p svc\n", {{"Cargo.lock", ""}, {"svc/Cargo.toml", ""}}), ".");
  EXPECT_EQ(of("RUN cargo build\n", {{"Cargo.toml", ""}, {"svc/Cargo.toml", ""}}), "svc");
  EXPECT_EQ(of("RUN dotnet publish Svc/Svc.csproj\n", {{"Svc/Svc.csproj", ""}}), ".");
  EXPECT_EQ(of("RUN dotnet restore && dotnet publish -c Release\n", {{"svc/a.csproj", ""}, {"All.sln", ""}}),
            "svc");
  EXPECT_EQ(of("RUN dotnet publish src\n", {{"All.sln", ""}, {"svc/.dockerignore", ""}}), "svc");
  EXPECT_EQ(of("RUN uv sync --package svc --frozen\n", {{"uv.lock", ""}, {"svc/pyproject.toml", ""}}), ".");
  EXPECT_EQ(of("RUN ./gradlew :svc:bootJar\n", {{"gradlew", ""}, {"svc/build.gradle", ""}}), ".");
  EXPECT_EQ(of("RUN gradle :svc:bootJar\n", {{"settings.gradle", ""}, {"svc/build.gradle", ""}}), ".");
  EXPECT_EQ(of("RUN mvn -pl svc -am package\n", {{"pom.xml", ""}, {"svc/pom.xml", ""}}), ".");
  EXPECT_EQ(of("RUN pip install -r requirements.txt\n", {{"requirements.txt", ""}}), ".");
  EXPECT_EQ(
      of("RUN pip install -r requirements.txt\n", {{"requirements.txt", ""}, {"svc/requirements.txt", ""}}),
      "svc");
  EXPECT_EQ(of("RUN [\"bash\", \"tools/build.sh\"]\n", {{"tools/build.sh", ""}}), ".");
  EXPECT_EQ(of("RUN <<EOF\nset -e\nmake\nEOF\n", {{"Makefile", ""}}), ".");
  EXPECT_EQ(of("WORKDIR /w/svc\nRUN go build ./...\n", {{"go.mod", ""}}), ".");
  EXPECT_EQ(
      of("WORKDIR /w/web\nRUN npm ci\n", {{"package-lock.json", ""}, {"svc/web/package-lock.json", ""}}),
      "svc");
  EXPECT_EQ(of("RUN cd web && npm ci\n", {{"package-lock.json", ""}, {"svc/web/package-lock.json", ""}}),
            "svc");
  // Not of what was copied.
  EXPECT_EQ(of("WORKDIR /other\nRUN make\n", {{"Makefile", ""}, {"svc/.dockerignore", ""}}), "svc");
  EXPECT_EQ(of("RUN git clone https://a/b . && make\n", {{"Makefile", ""}, {"svc/.dockerignore", ""}}),
            "svc");
}

// "/w/svc/node_modules" looks like the copy of a folder "svc", but the install needs what that context lacks.
TEST(ChooseContext, IsNoFolderThatLacksWhatCommandsNeed) {
  const auto of = [](const std::string& manifest) {
    return chosen({{"apps/svc/Dockerfile",
                    "FROM a\nWORKDIR /w\nCOPY . .\nRUN pnpm install\nVOLUME [\"/w/svc/node_modules\"]\n"},
                   {manifest, "{}"}},
                  "apps/svc/Dockerfile");
  };
  EXPECT_EQ(of("apps/svc/package.json"), "apps/svc");
  EXPECT_EQ(of("apps/package.json"), "apps");
}

TEST(ChooseContext, KnowsTheCopyOfTheStageThatARunStartsFrom) {
  const std::string text = "FROM a AS sources\nCOPY . /src\nFROM sources\nRUN cmake -S /src\n";
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/x", ""}, {"CMakeLists.txt", ""}}, "svc/Dockerfile"), ".");
  const std::string mount = "FROM a\nWORKDIR /w\nRUN --mount=type=bind,target=. make\n";
  EXPECT_EQ(chosen({{"svc/Dockerfile", mount}, {"svc/x", ""}, {"Makefile", ""}}, "svc/Dockerfile"), ".");
}

TEST(ChooseContext, IsTheFolderWhoseCopyHasTheOwnFolderInIt) {
  const std::string from = "FROM a\nCOPY . /w\nRUN x\nFROM b\nCOPY --from=0 /w/svc/target/a.jar /\n";
  EXPECT_EQ(chosen({{"svc/Dockerfile", from}, {"svc/x", ""}, {"y", ""}}, "svc/Dockerfile"), ".");
  EXPECT_EQ(chosen({{"svc/Dockerfile", from}, {"svc/svc/x", ""}, {"y", ""}}, "svc/Dockerfile"), "svc?");
  const std::string workdir = "FROM a\nWORKDIR /w\nCOPY . .\nWORKDIR /w/apps/web\n";
  EXPECT_EQ(chosen({{"apps/web/Dockerfile", workdir}, {"apps/web/x", ""}}, "apps/web/Dockerfile"), ".");
}

TEST(ChooseContext, IsNotToldByAProgramThatIsCalledLikeTheFolder) {
  const std::string text =
      "FROM a\nWORKDIR /w\nCOPY . .\nRUN go build -o ./svc .\nFROM b\nCOPY --from=0 /w/svc /bin/svc\n";
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/go.mod", ""}, {"y", ""}}, "svc/Dockerfile"), "svc");
}

TEST(ChooseContext, IsNotAFolderWithNothingToCopy) {
  const std::string text = "FROM a\nCOPY . /app\n";
  EXPECT_EQ(chosen({{"docker/Dockerfile", text}, {"src/x", ""}}, "docker/Dockerfile"), ".");
  EXPECT_EQ(chosen({{"docs/docker/Dockerfile", text}, {"docs/docker/README.md", ""}, {"x", ""}},
                   "docs/docker/Dockerfile"),
            ".");
  EXPECT_EQ(chosen({{"docker/Dockerfile.fuzz", text}, {"docker/Dockerfile", text}, {"x", ""}},
                   "docker/Dockerfile.fuzz"),
            ".");
}

// An ignore file is read only at the root of a context.
TEST(ChooseContext, IsTheFolderOfAnIgnoreFile) {
  const std::string text = "FROM a\nCOPY . /app\n";
  EXPECT_EQ(
      chosen({{"x/docker/Dockerfile", text}, {"x/.dockerignore", ""}, {"y", ""}}, "x/docker/Dockerfile"),
      "x");
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/x", ""}, {"svc/.dockerignore", ""}}, "svc/Dockerfile"),
            "svc");
  EXPECT_EQ(
      chosen({{"cron/Dockerfile", text}, {"cron/backup.sh", ""}, {".dockerignore", ""}}, "cron/Dockerfile"),
      "cron?");
  // It leaves out the folder of the Dockerfile.
  const std::string makes = "FROM a\nWORKDIR /w\nCOPY . .\nRUN make\n";
  EXPECT_EQ(chosen({{"ex/Dockerfile", makes}, {"ex/x", ""}, {"Makefile", ""}, {".dockerignore", "ex\n"}},
                   "ex/Dockerfile"),
            "ex?");
}

// A name alone may be that of an image or of a folder of the image.
TEST(ChooseContext, IsNotToldByNamesThatMeanSomethingElse) {
  EXPECT_EQ(chosen({{"docker/Dockerfile", "FROM php:8.2-fpm\nCOPY . /var/www\n"},
                    {"docker/php/php.ini", ""},
                    {"a.php", ""}},
                   "docker/Dockerfile"),
            "docker?");
  EXPECT_EQ(chosen({{"svc/Dockerfile", "FROM a\nWORKDIR /app\nCOPY . .\nLABEL a=\"app\"\n"},
                    {"svc/app/x", ""},
                    {"y", ""}},
                   "svc/Dockerfile"),
            "svc?");
}

// What only the root has is named from there.
TEST(ChooseContext, IsTheFolderThatPathsStartFrom) {
  const auto of = [](const std::string& steps) {
    return chosen({{"svc/api/Dockerfile", "FROM a\nWORKDIR /app\nCOPY . .\n" + steps},
                   {"svc/api/main.py", ""},
                   {"svc/api/package.json", "{}"},
                   {"svc/api/package-lock.json", "{}"},
                   {"svc/api/Cargo.toml", ""}},
                  "svc/api/Dockerfile");
  };
  EXPECT_EQ(of("CMD [\"python\",\"svc/api/main.py\"]\n"), ".");
  EXPECT_EQ(of("CMD python ./svc/api/main.py\n"), ".");
  EXPECT_EQ(of("RUN cd svc/api && npm ci\n"), ".");
  EXPECT_EQ(of("RUN npm --prefix svc/api ci\n"), ".");
  EXPECT_EQ(of("RUN pnpm -C svc/api install\n"), ".");
  EXPECT_EQ(of("RUN cargo build --manifest-path svc/api/Cargo.toml\n"), ".");
  EXPECT_EQ(of("WORKDIR svc/api\nRUN npm ci\n"), ".");
  EXPECT_EQ(of("RUN npm ci\n"), "svc/api");
}

TEST(ChooseContext, IsOpenIfManifestsLeadOut) {
  const auto of = [](const std::string& step, const std::string& path, const std::string& text) {
    return chosen({{"svc/Dockerfile", "FROM a\nWORKDIR /w\nCOPY . .\nRUN " + step + "\n"},
                   {"svc/" + path, text},
                   {"lib/x", ""}},
                  "svc/Dockerfile");
  };
  EXPECT_EQ(of("go build .", "go.mod", "module a\nreplace lib => ../lib\n"), "svc?");
  EXPECT_EQ(of("dotnet publish", "a.csproj", "<ProjectReference Include=\"..\\lib\\Lib.csproj\"/>"), "svc?");
  EXPECT_EQ(of("npm install", "package.json", "{\"dependencies\":{\"lib\":\"workspace:*\"}}"), "svc?");
  EXPECT_EQ(of("cargo build", "Cargo.toml", "version.workspace = true\n"), "svc?");
  EXPECT_EQ(of("pip install -r requirements.txt", "requirements.txt", "-e ../lib\n"), "svc?");
}

// Files that a step makes, and commands that need none.
TEST(ChooseContext, IsNotDecidedByWhatTheBuildMakes) {
  const auto of = [](const std::string& steps) {
    return chosen({{"ex/Dockerfile", "FROM gcc\nWORKDIR /a\nCOPY . .\n" + steps},
                   {"ex/CMakeLists.txt", ""},
                   {"ex/configure", ""},
                   {"Makefile", ""},
                   {"build/Makefile", ""},
                   {"requirements.txt", ""},
                   {"package.json", "{}"},
                   {"go.mod", ""},
                   {"build.sh", ""},
                   {"yarn.lock", ""},
                   {"Cargo.lock", ""}},
                  "ex/Dockerfile");
  };
  EXPECT_EQ(of("RUN cmake . && make\n"), "ex");
  EXPECT_EQ(of("RUN ./configure && make\n"), "ex");
  EXPECT_EQ(of("RUN mkdir build && cd build && cmake .. && make\n"), "ex?");
  EXPECT_EQ(of("RUN cmake -B build && make -C build\n"), "ex?");
  EXPECT_EQ(of("RUN pip-compile -o requirements.txt && pip install -r requirements.txt\n"), "ex?");
  EXPECT_EQ(of("COPY <<E build.sh\nx\nE\nRUN ./build.sh\n"), "ex?");
  EXPECT_EQ(of("RUN npm install -g serve\n"), "ex?");
  EXPECT_EQ(of("RUN npm install express\n"), "ex?");
  EXPECT_EQ(of("RUN go mod init x && go build\n"), "ex?");
  EXPECT_EQ(of("RUN cargo install --locked cargo-watch\n"), "ex?");
  EXPECT_EQ(of("RUN make --version\n"), "ex?");
  EXPECT_EQ(of("RUN if [ -f yarn.lock ]; then yarn --frozen-lockfile; fi\n"), "ex?");
}

TEST(ChooseContext, IsTheOwnFolderIfTheDockerfileNamesWhatIsThere) {
  const std::string text = "FROM a\nCOPY . /app\nCMD [\"node\", \"server.js\"]\n";
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/server.js", ""}}, "svc/Dockerfile"), "svc");
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/server.js", ""}, {"server.js", ""}}, "svc/Dockerfile"),
            "svc?");
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/other.js", ""}}, "svc/Dockerfile"), "svc?");
  EXPECT_EQ(chosen({{"svc/Dockerfile", "FROM a\nCOPY package.json ./\nCOPY . .\n"}, {"svc/package.json", ""}},
                   "svc/Dockerfile"),
            "svc");
}

TEST(ChooseContext, IsSureWhereNothingElseCanBe) {
  EXPECT_EQ(chosen({{"Dockerfile", "FROM a\nCOPY . /app\n"}, {"x", ""}}, "Dockerfile"), ".");
  EXPECT_EQ(chosen({{"svc/Dockerfile", "FROM a\nRUN b\n"}, {"svc/x", ""}}, "svc/Dockerfile"), "svc");
}

}  // namespace
}  // namespace dcache::project
