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

struct ParseOutput {
  std::string tree;
  std::string complaint;
  bool failed = false;
};

ParseOutput parse_one(const std::string& path) {
  ParseOutput parsed;
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
      [&](const ParseOutput& parsed) {
        if (!parsed.complaint.empty()) complain(parsed.complaint);
        if (parsed.failed) status = kError;
        out += parsed.tree;
        if (out.size() > kOutputPiece) print_and_clear(out);
      });
  print_and_clear(out);
  return status;
}

}  // namespace

Command parse_command() {
  auto options = std::make_shared<Options>();
  Command command("parse", "Print the syntax tree of Dockerfiles, one JSON object per line");
  command.arguments("FILE", options->files, "Dockerfiles; - for standard input").required = true;
  command.text("--format", "", options->format, "Output format").choices = {"json"};
  command.examples =
      "  dcache parse Dockerfile\n"
      "  dcache parse --format json services/*/Dockerfile | jq .instructions";
  command.exit_status = "0, or 2 if a file can't be read or has a syntax error.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
