#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/report/tree_json.h"
#include "dcache/text/file_io.h"

namespace dcache::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string format = "json";
};

int run(const Options& options) {
  int status = kOk;
  std::string out;
  for (const std::string& path : options.files) {
    auto source = text::read_file(path);
    if (!source) {
      complain(source.error());
      status = kError;
      continue;
    }
    const dockerfile::File file = dockerfile::parse(std::move(*source));
    report::append_tree(file, path == "-" ? "<stdin>" : path, out);
    if (!file.errors().empty()) status = kError;
    if (out.size() > (1U << 20)) print_and_clear(out);
  }
  print_and_clear(out);
  return status;
}

}  // namespace

void add_parse(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("parse", "Print the syntax tree of Dockerfiles, one JSON object a line");
  command->add_option("files", options->files, "Dockerfiles; - is standard input")->required();
  command->add_option("--format", options->format, "Output format")
      ->check(CLI::IsMember({"json"}))
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  dcache parse Dockerfile\n"
      "  dcache parse --format json services/*/Dockerfile | jq .instructions\n\n"
      "Exit status: 0, or 2 where a file can't be read or does not parse.");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace dcache::cli
