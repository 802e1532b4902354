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
  EXPECT_EQ(chosen({{"docker/Dockerfile", text}, {"docker/entry.sh", ""}, {".dockerignore", ""}},
                   "docker/Dockerfile"),
            ".");
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/x", ""}, {"svc/.dockerignore", ""}}, "svc/Dockerfile"),
            "svc");
  EXPECT_EQ(chosen({{"svc/Dockerfile", text}, {"svc/x.c", ""}, {".dockerignore", ""}}, "svc/Dockerfile"),
            "svc?");
  // It may be there for the Dockerfile next to it.
  EXPECT_EQ(
      chosen({{"svc/Dockerfile", text}, {"svc/x", ""}, {".dockerignore", ""}, {"Dockerfile", "FROM a\n"}},
             "svc/Dockerfile"),
      "svc?");
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
