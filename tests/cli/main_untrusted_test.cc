// Repositories of strangers: links, devices and folders that can't be read must neither switch the check off
// nor lead out of the repository.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dcache/project/discover.h"
#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::contains;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;
using Words = std::vector<std::string>;

// A device that is always full, of our own if we may make one: a faulty dcache run by root would replace it.
std::string full_device(const TemporaryFolder& folder) {
  const std::string path = folder / "full";
  return ::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(1, 7)) == 0 ? path : "/dev/full";
}

// A Dockerfile that a safe fix changes, and an outside that it must not reach.
class Outside : public testing::Test {
 protected:
  static constexpr const char* kText = "FROM alpine:3.20\nRUN apk add curl\nMAINTAINER secret\n";

  Outside() {
    folder_.write("outside/file", kText);
    fs::create_directories(folder_ / "repo");
  }
  void link(const std::string& name, const std::string& target = "../outside/file") const {
    fs::create_directories(fs::path(folder_ / ("repo/" + name)).parent_path());
    fs::create_symlink(target, folder_ / ("repo/" + name));
  }
  Outcome run(const Words& arguments) const { return run_dcache(arguments, folder_ / "repo"); }

  TemporaryFolder folder_;
};

TEST(Output, GoesIntoDevicesAndLeavesThem) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\n");
  const std::string full = full_device(folder);
  for (const Words& arguments :
       {Words{"snapshot", "-o", full}, Words{"lint", "--output", full},
        Words{"lint", "--make-baseline", full}, Words{"lint", "--format", "sarif=" + full}}) {
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(outcome.status, 2) << arguments[1];
    EXPECT_TRUE(contains(outcome.err, full + ": No space left on device")) << outcome.err;
    EXPECT_TRUE(fs::is_character_file(full));
  }
}

TEST(Output, GoesToOpenDescriptors) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\n");
  const Outcome outcome = run_dcache({"lint", "--format", "json=/dev/stdout"}, folder.path());
  EXPECT_TRUE(json::parse(outcome.out).is_array());
  EXPECT_TRUE(contains(run_dcache({"lint", "--format", "json=/dev/fd/2"}, folder.path()).err, "["));
}

// As of `-f <(program)`: a pipe gives its text once.
TEST(Input, OfAPipeIsReadOnce) {
  const TemporaryFolder folder;
  folder.write("a", "a");
  for (const std::string command : {"explain --changed a", "keys", "context", "snapshot -o state", "lint"}) {
    const std::string options = command == "lint" ? " /dev/stdin" : " -f /dev/stdin --context .";
    const std::string text =
        "cd " + folder.path() +
        " && printf 'FROM a:1\\nCOPY a /\\n' | XDG_CACHE_HOME=cache PATH= " + DCACHE_PROGRAM + " " + command +
        options + " >out 2>&1";
    std::system(text.c_str());
    EXPECT_FALSE(contains(folder.read("out"), "no instruction")) << command << folder.read("out");
    EXPECT_FALSE(contains(folder.read("out"), "dcache:")) << command << folder.read("out");
  }
}

TEST_F(Outside, IsNamedOnce) {
  folder_.write("repo/compose.yaml", "services: {a: {build: .}}\n");
  folder_.write("repo/Dockerfile", "FROM a:1\n");
  fs::create_symlink("/etc/passwd", folder_ / "repo/docker-compose.yml");
  for (const Words& words : {Words{"images"}, Words{"affected", "--changed", "Dockerfile"}}) {
    const Outcome outcome = run_dcache(words, folder_ / "repo");
    const size_t first = outcome.err.find("can't read docker-compose.yml");
    ASSERT_NE(first, std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("can't read docker-compose.yml", first + 1), std::string::npos) << outcome.err;
  }
}

TEST(Output, ThatCantBeWrittenIsAnError) {
  const TemporaryFolder folder;
  const std::string program = DCACHE_PROGRAM;
  for (const char* words : {"--version", "--help", "help lint", "rules", "version"}) {
    const std::string command = program + " " + words + " >/dev/full 2>/dev/null";
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2) << words;
  }
}

TEST(SearchedFolders, MayBeNestedDeeperThanDescriptorsReach) {
  const TemporaryFolder folder;
  std::string path = folder.path();
  for (int i = 0; i < 200; ++i)
    path += "/a";
  fs::create_directories(path);
  std::ofstream(path + "/Dockerfile") << "FROM a\n";
  folder.write("b/Dockerfile", "FROM b\n");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{64, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  const project::DiscoveredFiles found = project::find_dockerfiles({folder.path()});
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(found.files, (Words{path + "/Dockerfile", folder / "b/Dockerfile"}));
  EXPECT_EQ(found.problems, Words{});
}

// A path that is longer than the system takes.
TEST(SearchedFolders, ThatCantBeReadAreNamed) {
  const TemporaryFolder folder;
  folder.write("b/Dockerfile", "FROM alpine:3.20\n");
  int at = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY);
  const std::string name(200, 'a');
  for (int i = 0; i < 25; ++i) {
    ASSERT_EQ(::mkdirat(at, name.c_str(), 0700), 0);
    const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY);
    ::close(at);
    at = next;
  }
  ::close(at);
  ASSERT_EQ(::symlink("Dockerfile", (folder / "Dockerfile").c_str()), 0);
  const Outcome outcome = run_dcache({"lint"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, "File name too long")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "can't read Dockerfile: Too many levels of symbolic links"))
      << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "b/Dockerfile")) << outcome.out;
  EXPECT_TRUE(contains(run_dcache({"images"}, folder.path()).err, "File name too long"));
}

TEST(SearchedFolders, ThatWereRemovedAreNamed) {
  const TemporaryFolder folder;
  const std::string gone = folder / "gone";
  folder.write("Dockerfile", "FROM alpine:3.20\nMAINTAINER x\n");
  const auto status_there = [&](const std::string& arguments) {
    const std::string command = "mkdir -p '" + gone + "' && cd '" + gone + "' && rmdir '" + gone +
                                "' && '" DCACHE_PROGRAM "' " + arguments + " >/dev/null 2>'" +
                                (folder / "errors") + "'";
    return WEXITSTATUS(std::system(command.c_str()));
  };
  for (const char* arguments :
       {"lint", "lint Dockerfile", "lint compose.yaml", "lint --make-baseline b Dockerfile", "explain",
        "keys Dockerfile", "images", "affected", "format Dockerfile"}) {
    EXPECT_EQ(status_there(arguments), 2) << arguments;
    EXPECT_FALSE(contains(folder.read("errors"), "filesystem error")) << arguments << folder.read("errors");
  }
  EXPECT_EQ(status_there("lint --diff --unsafe-fixes '" + (folder / "Dockerfile") + "'"), 1);
  EXPECT_EQ(folder.read("errors"), "");
}

TEST_F(Outside, IsNeitherReadNorWrittenOverFilesOfASearch) {
  for (const char* name : {"Dockerfile", ".dockerignore", ".github/workflows/ci.yml", "compose.yaml",
                           "docker-bake.hcl", "skaffold.yaml", ".gitlab-ci.yml"})
    link(name);
  const Outcome outcome = run({"lint", "--fix", "--unsafe-fixes", "--format", "gnu"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, "can't read Dockerfile: it is a symbolic link to ")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "can't read .dockerignore: ")) << outcome.err;
  EXPECT_FALSE(contains(outcome.out + outcome.err, "secret")) << outcome.out;
  EXPECT_EQ(folder_.read("outside/file"), kText);
  for (const Words& arguments : {Words{"explain"}, Words{"images"}, Words{"keys"}, Words{"affected"}})
    EXPECT_FALSE(contains(run(arguments).out + run(arguments).err, "secret")) << arguments[0];
}

// The searched folder is the root where there is no repository.
TEST_F(Outside, IsWhatIsNotInTheSearchedFolder) {
  link("Dockerfile");
  const Outcome outcome = run_dcache({"lint", "--fix", "repo"}, folder_.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, "outside of ")) << outcome.err;
  EXPECT_EQ(folder_.read("outside/file"), kText);
  folder_.write("repo/a/real", kText);
  fs::remove(folder_ / "repo/Dockerfile");
  link("Dockerfile", "a/real");
  EXPECT_NE(run_dcache({"lint", "repo"}, folder_.path()).status, 2);
}

TEST_F(Outside, IsReadIfTheFileIsNamed) {
  link("Dockerfile");
  EXPECT_TRUE(contains(run({"lint", "--format", "gnu", "Dockerfile"}).out, "Dockerfile:"));
  EXPECT_TRUE(contains(run({"keys", "-f", "Dockerfile"}).out, "RUN apk"));
  folder_.write("outside/config", "ignore = [\"DC1009\"]\n");
  link(".dcache.toml", "../outside/config");
  EXPECT_EQ(run({"lint", "Dockerfile"}).status, 2);
  EXPECT_TRUE(contains(run({"lint", "--show-config", "--config", ".dcache.toml"}).out, "DC1009"));
}

// What actions/checkout leaves there are credentials.
TEST_F(Outside, IsWhatGitKeeps) {
  const test::GitFolder repository;
  repository.git("init -q -b main");
  fs::create_symlink(".git/config", repository / "Dockerfile");
  const Outcome outcome = run_dcache({"lint"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, "outside of the files of the repository")) << outcome.err;
  EXPECT_FALSE(contains(outcome.out, "[core]")) << outcome.out;
}

// A definition of a pull request must not show what is in a file of the machine that builds it.
TEST_F(Outside, IsNotReadForDefinitions) {
  const test::GitFolder repository;
  repository.git("init -q -b main");
  const std::string name = fs::path(folder_.path()).filename().string();
  folder_.write("outside/cred", "https://user:TOKEN@github.com\n");
  folder_.write("outside/compose.yaml", "services: {b: {build: ., TOKEN: 1}}\n");
  folder_.write("outside/.dockerignore", "[TOKEN\n");
  const std::string place = folder_ / "outside";
  for (const std::string& text :
       {"services: {a: {build: {context: ., dockerfile: ../" + name + "/outside/cred}}}",
        "services: {a: {build: {context: ., dockerfile: " + place + "/cred}}}",
        "services: {a: {build: {context: " + place + ", dockerfile: cred}}}",
        "services: {a: {build: {context: " + place + ", dockerfile_inline: 'FROM scratch'}}}",
        std::string("services: {a: {build: {context: ., dockerfile: .git/config}}}"),
        "services: {a: {extends: {file: " + place + "/compose.yaml, service: b}}}",
        "include: [{path: " + place + "/compose.yaml}]"}) {
    repository.write("compose.yaml", text + "\n");
    repository.git("add -A");
    repository.git("commit -q -m c");
    for (const Words& arguments : {Words{"affected", "--changed", "x"}, Words{"affected", "--git", "HEAD"},
                                   Words{"explain", "--image", "a", "--changed", "x"}, Words{"images"},
                                   Words{"lint", "--image", "a"}}) {
      const Outcome outcome = run_dcache(arguments, repository.path());
      const std::string shown = outcome.out + outcome.err;
      EXPECT_FALSE(contains(shown, "TOKEN") || contains(shown, "[core]")) << text << '\n' << shown;
      EXPECT_LT(std::ranges::count(outcome.err, '\n'), 4) << outcome.err;
      if (arguments.front() == "affected") {
        EXPECT_EQ(outcome.status, 2) << text << '\n' << outcome.err;
        EXPECT_TRUE(contains(outcome.err, "compose.yaml:1")) << outcome.err;
        EXPECT_TRUE(contains(outcome.err, "only the command line can name such a file")) << outcome.err;
      }
    }
  }
  repository.write("compose.yaml", "services: {a: {build: {context: ., dockerfile: f}}}\n");
  repository.write("f", "FROM scratch\n");
  const Outcome named = run_dcache(
      {"affected", "--changed", "x", "--definition", repository.path() + "/compose.yaml"}, folder_.path());
  EXPECT_EQ(named.status, 0) << named.err;
}

TEST_F(Outside, ErrorsOfOneFileAreCapped) {
  std::string text = "FROM scratch\n";
  for (int i = 0; i < 100; ++i)
    text += "what is this\n";
  folder_.write("repo/compose.yaml", "services: {a: {build: .}}\n");
  folder_.write("repo/Dockerfile", text);
  const Outcome outcome = run({"affected", "--changed", "Dockerfile"});
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 6) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "Dockerfile: and 95 errors more")) << outcome.err;
}

// An unpacked archive may have them; a clone can't.
TEST(GitsOwnFiles, AreNotWaitedForIfTheyAreNone) {
  for (const char* name :
       {".git/index", ".git/info/exclude", ".gitattributes", ".gitignore", ".gitmodules", ".git/config",
        ".git/HEAD", ".git/refs/heads/main", ".git/objects/info/alternates"}) {
    const test::GitFolder folder;
    folder.git("init -q -b main");
    folder.write("Dockerfile", "FROM scratch\nCOPY a /\n");
    folder.write("a", "1");
    folder.commit("1");
    folder.shell("rm -f " + std::string(name) + " && mkfifo " + name);
    for (const char* command : {"explain", "affected"}) {
      const Outcome outcome = run_dcache({command, "--git", "HEAD"}, folder.path());
      EXPECT_EQ(outcome.status, 2) << name << ": " << outcome.out;
      EXPECT_NE(outcome.err.find("is not a regular file"), std::string::npos) << name << ": " << outcome.err;
    }
    run_dcache({"lint"}, folder.path());  // has an end
  }
}

// Those below the root are read when a file below them is looked at.
TEST(GitsOwnFiles, AreNotWaitedForInFolders) {
  for (const char* name : {"sub/.gitignore", "sub/.gitattributes"}) {
    const test::GitFolder folder;
    folder.git("init -q -b main");
    folder.write("Dockerfile", "FROM scratch\nCOPY . /\n");
    folder.write("sub/deep/a", "1");
    folder.write(name, "");
    folder.commit("1");
    folder.shell(fmt::format("rm {0} && mkfifo pipe && ln -s ../pipe {0}", name));
    folder.write("sub/deep/Dockerfile", "FROM scratch\nCOPY a /\n");
    const std::string problem = fmt::format("{} is not a regular file", name);
    for (const char* command : {"explain", "affected"}) {
      const Outcome outcome = run_dcache({command, "--git", "HEAD"}, folder.path());
      EXPECT_EQ(outcome.status, 2) << outcome.out;
      EXPECT_NE(outcome.err.find(": " + problem), std::string::npos) << outcome.err;
    }
    const Outcome lint = run_dcache({"lint"}, folder.path());
    EXPECT_NE(lint.out.find(" in 2 files"), std::string::npos) << lint.out;
    const bool is_ignore_file = std::string_view(name).ends_with("ignore");
    EXPECT_EQ(lint.err.find("files that git ignores are searched too: " + problem) != std::string::npos,
              is_ignore_file)
        << lint.err;
  }
}

// Errors of libgit2 repeat its text.
TEST(GitsOwnFiles, AreNotReadThroughALinkToAnother) {
  const test::GitFolder folder;
  folder.git("init -q -b main");
  folder.write("Dockerfile", "FROM scratch\nCOPY a /\n");
  folder.write("a", "1");
  folder.commit("1");
  folder.write("secret", "TOPSECRET");
  folder.shell("ln -s ../secret .git/commondir");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"affected", "--git", "HEAD"}, {"lint", "."}, {"explain", "--git", "HEAD"}}) {
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ((outcome.out + outcome.err).find("TOPSECRET"), std::string::npos) << outcome.err;
  }
}

TEST_F(Outside, IsNotReadForConfigurations) {
  folder_.write("repo/Dockerfile", kText);
  for (const char* name : {".dcache.toml", ".hadolint.yaml"}) {
    link(name);
    const Outcome outcome = run({"lint"});
    EXPECT_EQ(outcome.status, 2) << name;
    EXPECT_TRUE(contains(outcome.err, std::string(name) + ": it is a symbolic link to ")) << outcome.err;
    fs::remove(folder_ / (std::string("repo/") + name));
  }
}

// The server must not read the client's next messages as the content of a file.
TEST_F(Outside, IsNotTheInputOfTheLanguageServer) {
  for (const char* name : {"Dockerfile", ".dcache.toml", ".dockerignore", "package.json", "compose.yaml"}) {
    const std::string path = folder_ / (std::string("repo/") + name);
    fs::create_symlink("/dev/stdin", path);
    const std::string uri = "file://" + (folder_ / "repo/Dockerfile");
    const json document = {{"uri", uri},
                           {"languageId", "dockerfile"},
                           {"version", 1},
                           {"text", "FROM a\nCOPY . /\nRUN npm ci\n"}};
    const json messages = {
        {{"id", 1},
         {"method", "initialize"},
         {"params", {{"capabilities", json::object()}, {"rootUri", nullptr}}}},
        {{"method", "initialized"}, {"params", json::object()}},
        {{"method", "textDocument/didOpen"}, {"params", {{"textDocument", document}}}},
        {{"id", 2},
         {"method", "textDocument/hover"},
         {"params", {{"textDocument", {{"uri", uri}}}, {"position", {{"line", 1}, {"character", 1}}}}}},
        {{"method", "textDocument/didClose"}, {"params", {{"textDocument", {{"uri", uri}}}}}},
        {{"id", 3}, {"method", "shutdown"}},
        {{"method", "exit"}}};
    std::string input;
    for (json message : messages) {
      message["jsonrpc"] = "2.0";
      const std::string text = message.dump();
      input += "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    }
    folder_.write("in", input);
    const std::string command = "cd " + (folder_ / "repo") +
                                " && cat ../in | timeout 20 env PATH=/nowhere " DCACHE_PROGRAM
                                " lsp >../out 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << name;
    EXPECT_TRUE(contains(folder_.read("out"), "\"id\":3")) << name << folder_.read("out");
    fs::remove(path);
  }
}

TEST_F(Outside, IsNotWrittenThroughALinkThatLeadsNowhere) {
  folder_.write("repo/Dockerfile", "FROM alpine:3.20\nCOPY . .\n");
  folder_.write("repo/a", "a");
  folder_.write("repo/.git/HEAD", "ref: refs/heads/main\n");
  link(".dockerignore", "../outside/new");
  run({"lint", "--fix", "--unsafe-fixes"});
  run({"lint", "--fix", "--unsafe-fixes", "Dockerfile"});
  EXPECT_FALSE(fs::exists(folder_ / "outside/new"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "repo/.dockerignore"));
}

// The name of a file in a folder that somebody gives is the repository's, and a committed report may be a
// link.
TEST_F(Outside, IsNotWrittenThroughALinkOfTheRepository) {
  folder_.write("repo/Dockerfile", "FROM alpine:3.20\n");
  fs::create_directories(folder_ / "repo/.git");
  folder_.write("repo/.git/HEAD", "ref: refs/heads/main\n");
  link("snaps/Dockerfile.json", "../../outside/file");
  link("report");
  link("folder", "../outside");
  for (const Words& words :
       {Words{"snapshot", "-o", "snaps/"}, Words{"snapshot", "-o", "folder/"},
        Words{"snapshot", "-o", "report"}, Words{"lint", "--format", "sarif=report"},
        Words{"lint", "--make-baseline", "report"}, Words{"lint", "--output", "folder/file"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.status, 2) << words[0] << words[2] << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "a symbolic link leads to ")) << outcome.err;
    EXPECT_EQ(folder_.read("outside/file"), kText);
  }
  EXPECT_EQ(run({"snapshot", "-o", "../outside/file"}).status, 0);
  EXPECT_NE(folder_.read("outside/file"), kText);
}

TEST_F(Outside, IsReadInAFolderThatSomebodyNames) {
  folder_.write("outside/Dockerfile", "FROM alpine:3.20\nMAINTAINER me\n");
  fs::create_directories(folder_ / "repo/.git");
  folder_.write("repo/.git/HEAD", "ref: refs/heads/main\n");
  link("folder", "../outside");
  const Outcome outcome = run({"lint", "--no-shellcheck", "folder"});
  EXPECT_TRUE(contains(outcome.out, "MaintainerDeprecated")) << outcome.out << outcome.err;
}

// A rule does without them, and says more or less than it would.
TEST_F(Outside, IsSaidOfWhatRulesDoNotRead) {
  folder_.write("repo/Dockerfile", "FROM node:22\nWORKDIR /a\nCOPY . .\nRUN npm ci\n");
  folder_.write("repo/package-lock.json", "{}");
  link("package.json");
  fs::create_directories(folder_ / "repo/.git");
  folder_.write("repo/.git/HEAD", "ref: refs/heads/main\n");
  const Outcome outcome = run({"lint", "--no-shellcheck", "."});
  EXPECT_TRUE(contains(outcome.err, "warning: can't read package.json: it is a symbolic link"))
      << outcome.err;
  fs::remove(folder_ / "repo/package.json");
  EXPECT_FALSE(contains(run({"lint", "--no-shellcheck", "."}).err, "can't read"));
}

TEST(SearchedFolders, NameDockerfilesThatAreNoRegularFiles) {
  for (const bool is_pipe : {false, true}) {
    const TemporaryFolder folder;
    folder.write("a/Dockerfile", "FROM alpine:3.20\n");
    if (is_pipe) {
      ASSERT_EQ(::mkfifo((folder / "Dockerfile").c_str(), 0600), 0);
    } else {
      fs::create_symlink("/dev/null", folder / "Dockerfile");
    }
    for (const Words& words : {Words{"lint", "."}, Words{"format", "--diff", "."}, Words{"images"}}) {
      const Outcome outcome = run_dcache(words, folder.path());
      EXPECT_EQ(outcome.status, 2) << words[0] << outcome.out;
      EXPECT_TRUE(contains(outcome.err, "can't read Dockerfile: it is not a regular file")) << outcome.err;
    }
  }
}

// None of these may wait for ever, or take more memory than a file may have.
TEST_F(Outside, IsNotADevice) {
  folder_.write("repo/Dockerfile", "FROM alpine:3.20\nCOPY . .\nRUN npm ci && go build ./...\n");
  for (const char* name : {".dcache.toml", ".hadolint.yaml", ".dockerignore", "package.json", "go.mod",
                           "compose.yaml", "docker-bake.hcl", "skaffold.yaml", ".gitlab-ci.yml", ".env",
                           "Dockerfile.dockerignore", "other/Dockerfile", ".gitmodules"}) {
    const std::string path = folder_ / (std::string("repo/") + name);
    fs::create_directories(fs::path(path).parent_path());
    for (const char* target : {"/dev/zero", "/dev/stdin", "fifo"}) {
      if (std::string_view(target) == "fifo") {
        ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
      } else {
        fs::create_symlink(target, path);
      }
      for (const Words& arguments : {Words{"lint"}, Words{"explain"}, Words{"images"}, Words{"context"}})
        EXPECT_NE(run(arguments).status, -1) << arguments[0] << ' ' << name << ' ' << target;
      fs::remove(path);
    }
  }
}

TEST_F(Outside, FilesHaveALimitOfSize) {
  folder_.write("repo/Dockerfile", "FROM alpine:3.20\n");
  folder_.write("repo/.dcache.toml", "");
  folder_.resize("repo/.dcache.toml", (uint64_t{1} << 20U) + 1);
  const Outcome outcome = run({"lint"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, ".dcache.toml: it is larger than 1 MiB")) << outcome.err;
}

}  // namespace
}  // namespace dcache
