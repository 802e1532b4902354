// What pages show of dcache: the sessions in README.md and docs/getting-started.md, and lists of rules.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/git_folder.h"

namespace dcache {
namespace {

using test::contains;
using test::run_dcache;

std::string page(const std::string& name) {
  std::ifstream file(DCACHE_SOURCE_DIR "/" + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

struct Block {
  std::string language;  // "console"
  std::vector<std::string> lines;
};

std::vector<Block> blocks_of(const std::string& document) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(document)) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), {}});
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
}

// A folder in which a page's commands run, one after the other.
class PageFolder : public test::GitFolder {
 public:
  // Runs the commands after `$ `. What a page shows below one is what it prints.
  void run_session(const std::vector<std::string>& lines) const {
    for (size_t i = 0; i < lines.size();) {
      ASSERT_TRUE(lines[i].starts_with("$ ")) << lines[i];
      const std::string command = lines[i].substr(2);
      std::string shown;
      for (++i; i < lines.size() && !lines[i].starts_with("$ "); ++i)
        shown += lines[i] + "\n";
      const std::string printed = run(command);
      EXPECT_EQ(shown.empty() ? "" : printed, shown) << command;
    }
  }

  // What a command prints.
  std::string run(const std::string& command) const {
    std::istringstream words(command);
    std::string program;
    words >> program;
    if (program == "dcache") {
      std::vector<std::string> arguments;
      for (std::string word; words >> word;)
        arguments.push_back(word);
      return run_dcache(arguments, path()).out;
    }
    shell(
        "export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t "
        "GIT_COMMITTER_EMAIL=t@t && " +
        command);
    return "";
  }
};

TEST(Documents, ReadmeShowsWhatIsPrinted) {
  const PageFolder folder;
  folder.copy_fixture("node-app");
  size_t sessions = 0;
  for (const Block& block : blocks_of(page("README.md"))) {
    if (block.language == "console") {
      folder.run_session(block.lines);
      ++sessions;
    } else if (block.language == "diff") {
      std::string shown;
      for (const std::string& line : block.lines)
        shown += line + "\n";
      const std::string printed = folder.run("dcache lint --diff");
      EXPECT_TRUE(contains(printed, shown)) << printed;
      folder.run("dcache lint --fix");
    }
  }
  EXPECT_EQ(sessions, 2U);
}

TEST(Documents, GettingStartedShowsWhatIsPrinted) {
  const PageFolder folder;
  folder.copy_fixture("node-app");
  folder.shell("rm Dockerfile.good* README.md");
  folder.git("init -q -b main");
  folder.commit("first");
  size_t sessions = 0;
  for (const Block& block : blocks_of(page("docs/getting-started.md"))) {
    if (block.language == "console") {
      folder.run_session(block.lines);
      ++sessions;
    } else if (block.language == "sh" && block.lines.front().starts_with("dcache lint --fix")) {
      folder.run(block.lines.front());
    }
  }
  EXPECT_EQ(sessions, 4U);
}

// "DC2001 to DC2006" names all of them.
TEST(Documents, ComparedNamesEachOfOurRules) {
  const std::string document = page("docs/compared.md");
  std::set<std::string> named;
  constexpr size_t kLength = 6;
  for (size_t at = document.find("DC"); at != std::string::npos; at = document.find("DC", at + 1)) {
    const std::string code = document.substr(at, kLength);
    named.insert(code);
    if (document.compare(at + kLength, 6, " to DC") != 0) continue;
    const int last = std::stoi(document.substr(at + kLength + 6, 4));
    for (int number = std::stoi(code.substr(2)); number < last; ++number)
      named.insert(fmt::format("DC{:04}", number));
  }
  for (const std::string& line : lines_of(run_dcache({"rules"}, "/").out)) {
    const std::string code = line.substr(0, kLength);
    const bool is_ours = line.starts_with("DC") && !line.starts_with("DC0");
    EXPECT_TRUE(!is_ours || named.contains(code)) << code;
  }
}

// What folders of the library may include, by the table of CONTRIBUTING.md.
std::map<std::string, std::set<std::string>> allowed_includes() {
  std::map<std::string, std::set<std::string>> allowed;
  const std::string kRow = "| `lib/dcache/";
  std::set<std::string> above;
  for (const std::string& line : lines_of(page("CONTRIBUTING.md"))) {
    if (!line.starts_with(kRow)) continue;
    const std::string name = line.substr(kRow.size(), line.find('`', kRow.size()) - kRow.size());
    if (name.find('.') != std::string::npos) continue;
    const std::string last = line.substr(line.rfind('|', line.size() - 2));
    std::set<std::string>& used = allowed[name];
    if (last.find("all of the above") != std::string::npos) used = above;
    for (size_t at = last.find('`'); at != std::string::npos; at = last.find('`', at)) {
      const size_t end = last.find('`', at + 1);
      const std::string other = last.substr(at + 1, end - at - 1);
      at = end + 1;
      EXPECT_TRUE(above.contains(other)) << name << " uses " << other << ", which is not above it";
      used.insert(other);
      if (last.find("use") != std::string::npos) used.insert(allowed[other].begin(), allowed[other].end());
    }
    above.insert(name);
  }
  return allowed;
}

TEST(Documents, TheMapOfTheLibraryIsWhatIsIncluded) {
  const std::filesystem::path library = DCACHE_SOURCE_DIR "/lib/dcache";
  auto allowed = allowed_includes();
  for (const auto& folder : std::filesystem::directory_iterator(library)) {
    if (!folder.is_directory()) continue;
    const std::string name = folder.path().filename().string();
    ASSERT_TRUE(allowed.contains(name)) << "CONTRIBUTING.md does not name lib/dcache/" << name;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
      if (file.path().extension() != ".cc" && file.path().extension() != ".h") continue;
      for (const std::string& line :
           lines_of(page(std::filesystem::relative(file.path(), DCACHE_SOURCE_DIR).string()))) {
        const std::string kInclude = "#include \"dcache/";
        const size_t end = line.find('/', kInclude.size());
        if (!line.starts_with(kInclude) || end == std::string::npos) continue;
        const std::string used = line.substr(kInclude.size(), end - kInclude.size());
        EXPECT_TRUE(used == name || allowed[name].contains(used))
            << file.path() << " includes a file of " << used;
      }
    }
  }
}

}  // namespace
}  // namespace dcache
