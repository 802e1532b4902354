// What `dcache COMMAND --help` prints, and what docs/cli.md says of it.
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::run_dcache;
using Texts = std::set<std::string>;

std::string help_of(const std::string& command) {
  return run_dcache(command.empty() ? std::vector<std::string>{"--help"}
                                    : std::vector<std::string>{command, "--help"},
                    "/")
      .out;
}

// The commands, from the list of `dcache --help`.
Texts commands() {
  Texts all;
  std::istringstream lines(help_of(""));
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Commands:") {
      listed = true;
    } else if (line.empty()) {
      listed = false;
    } else if (listed) {
      all.insert(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return all;
}

// The long names of the options, of lines such as "  -f, --file FILE   Dockerfile …".
Texts options_in(const std::string& help) {
  Texts all;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find("--");
    if (!line.starts_with("  -") || (begin != 2 && begin != 6)) continue;
    all.insert(line.substr(begin, line.find_first_of(" ,", begin) - begin));
  }
  return all;
}

// The section of a document under a heading; what is before the first one for "".
std::string section(const std::string& document, const std::string& heading) {
  const size_t begin = heading.empty() ? 0 : document.find("\n## " + heading + "\n");
  if (begin == std::string::npos) return "";
  return document.substr(begin, document.find("\n## ", begin + 1) - begin);
}

bool names_option(const std::string& text, const std::string& option) {
  for (size_t at = text.find(option); at != std::string::npos; at = text.find(option, at + 1)) {
    const char next = text[std::min(at + option.size(), text.size() - 1)];
    if (next == '`' || next == ' ') return true;
  }
  return false;
}

TEST(Help, OptionsAreAllInTheDocumentation) {
  std::ifstream file(DCACHE_SOURCE_DIR "/docs/cli.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const Texts of_builds = {"explain", "log",      "history", "optimize", "graph",
                           "report",  "snapshot", "keys",    "context"};
  const Texts of_images = {"affected", "images"};
  EXPECT_GE(commands().size(), 9U);
  for (const std::string& option : options_in(help_of("")))
    EXPECT_TRUE(names_option(section(document, ""), option)) << option;
  for (const std::string& command : commands()) {
    std::string text = section(document, command);
    EXPECT_NE(text, "") << "docs/cli.md has no section on " << command;
    text += section(document, "");
    if (of_builds.contains(command)) text += section(document, "Options of the build");
    if (of_builds.contains(command) || of_images.contains(command)) text += section(document, "Which build");
    const Texts options = options_in(help_of(command));
    EXPECT_TRUE(options.contains("--help")) << command;
    for (const std::string& option : options)
      EXPECT_TRUE(names_option(text, option)) << "docs/cli.md does not name " << option << " of " << command;
  }
}

TEST(Help, IsNotWiderThan100Columns) {
  constexpr size_t kWidth = 100;
  for (const std::string& command : commands()) {
    const std::string help = help_of(command);
    EXPECT_NE(help.find("Usage: "), std::string::npos) << command;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(line.size(), kWidth) << command << ": " << line;
  }
}

}  // namespace
}  // namespace dcache
