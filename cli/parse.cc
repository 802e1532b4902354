#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/report/tree_json.h"
#include "dcache/text/file_io.h"
#include "dcache/threads/share.h"

namespace dcache::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string format = "json";
};

struct Parsed {
  std::string tree;
  std::string complaint;
  bool failed = false;
};

Parsed parse_one(const std::string& path) {
  Parsed parsed;
  auto source = text::read_file(path);
  if (!source) {
    parsed.complaint = source.error();
    parsed.failed = true;
    return parsed;
  }
  const dockerfile::File file = dockerfile::parse(std::move(*source));
  report::append_tree(file, path == "-" ? "<stdin>" : path, parsed.tree);
  parsed.failed = !file.errors().empty();
  return parsed;
}

int run(const Options& options) {
  constexpr size_t kFilesPerThread = 128;
  constexpr size_t kOutputPiece = size_t{1} << 16U;
  int status = kOk;
  std::string out;
  threads::in_order(
      options.files.size(), threads::helpers_for(options.files.size(), kFilesPerThread),
      [&](size_t i) { return parse_one(options.files[i]); },
      [&](const Parsed& parsed) {
        if (!parsed.complaint.empty()) complain(parsed.complaint);
        if (parsed.failed) status = kError;
        out += parsed.tree;
        if (out.size() > kOutputPiece) print_and_clear(out);
      });
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
