// Makes the graph of a file, instruction by instruction. Internal to plan/.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/plan/graph.h"

namespace dcache::plan {

// The path from the root.
std::string rooted(std::string_view path);
// USER, GROUP or both of --chown and of a WORKDIR's user as BuildKit compares them: numbers without leading
// zeros, and root as 0.
std::string owner_id(std::string_view owner);
// The text of a heredoc as the step gets it.
std::string heredoc_text(const dockerfile::Heredoc& heredoc);

class Planner {
 public:
  Planner(const dockerfile::File& file, const Options& options) : file_(file), options_(options) {
    expand_options_.escape = file.escape();
    graph_.builder = options.builder;
  }

  Graph run();

 private:
  using Flag = dockerfile::Flag;
  using Instruction = dockerfile::Instruction;
  using Mount = dockerfile::Mount;
  using Word = dockerfile::Word;

  Stage& stage() { return graph_.stages.back(); }
  // The error that it adds, for those that are not found while a step is made.
  Error& fail(const Instruction& instruction, text::Span span, std::string message, std::string remedy);
  Error& fail_to_expand(const Instruction& instruction, std::string_view word, text::Span span,
                        const dockerfile::ExpandError& error);
  // Sets open_.
  std::string expand(const Instruction& instruction, std::string_view word, text::Span span,
                     const Environment& environment);
  std::string expand(const Instruction& instruction, const Word& word) {
    return expand(instruction, word, stage().environment);
  }
  std::string expand(const Instruction& instruction, const Word& word, const Environment& environment);
  std::string expand_argument_name(const Instruction& instruction, std::string_view name);
  // The same for the default of an ARG.
  std::string expand_default(const Instruction& instruction, std::string_view word, text::Span span,
                             const Environment& environment);
  // Counts what variables give to a plan, so that a small file can't fill the memory. False, with an error
  // the first time, once it is too much; the values are empty from then on.
  bool may_use(const Instruction& instruction, text::Span span, size_t bytes);
  // Looks variables up, notes those that nothing declares, and adds to open_.
  dockerfile::Lookup noting_lookup(const Instruction& instruction, const Environment& environment);
  // Whether the stage starts from an image that is not made here: its ENV and WORKDIR are not known.
  // Whether a build argument or another base image may set a variable that nothing sets here.
  bool may_be_given(const Instruction& instruction, std::string_view name);
  bool has_open_base() const;
  bool starts_from_image() const;
  // Whether an ARG of the stage, or of one that it starts from, names it.
  bool is_declared_in_stage(std::string_view name);
  void note_undeclared(const Instruction& instruction, std::string_view name);
  // What the stages are called, those below included: COPY --from and mounts may name them too early.
  void name_stages();
  void set_platform_arguments();
  void set_global(std::string name, std::string value, uint32_t line);
  void add_global_arguments(const Instruction& instruction);
  std::string read_platform(const Instruction& from);
  // The error that it adds; null for a name that is right.
  Error* check_image(const Instruction& instruction, text::Span span, std::string_view name);
  void check_stage_name(const Instruction& from, const std::string& name);
  void add_stage(const Instruction& from);
  // The stage that FROM means: by its name in lower case, never by number.
  const Stage* base_stage(std::string_view name) const;
  // What ONBUILD of the base stage put off happens now. Buildah's image format has no place for it.
  void run_triggers(const std::vector<const Instruction*>& triggers);
  // The same for an image that another build makes.
  void run_triggers(const Triggers& triggers);
  // The image, if another build makes it; null otherwise.
  const BuiltImage* find_built(const std::string& reference) const;
  void add_image_step(const Instruction& from, const std::string& base);
  void add_step(Step step);
  void add_built_image(Step& step, const std::string& reference) const;
  // Whether the build was told not to reuse the steps of the current stage.
  bool skips_cache() const;
  void dispatch(const Instruction& instruction);
  void refuse_new_features(const Instruction& instruction);
  void add_metadata(const Instruction& instruction);
  void apply(const Instruction& instruction);
  void check_volumes(const Instruction& instruction);
  void check_signal(const Instruction& instruction);
  // A variable may contain several ports.
  void expose(const Instruction& instruction);
  void set_arguments(const Instruction& instruction);
  void set_environment(const Instruction& instruction);
  void change_workdir(const Instruction& instruction);
  // SOURCE_DATE_EPOCH of the build, by argument or as the default of a global ARG.
  void read_epoch(const Instruction& first_stage);

  // RUN
  void add_run(const Instruction& instruction);
  // The classic builder notes whether there are build arguments at all, and counts those for proxies that no
  // ARG declares, though not their values.
  bool has_only_proxies();
  static bool is_proxy(std::string_view name);
  // Whether an ARG of the stage has declared it so far.
  bool is_declared(std::string_view name);
  void add_command(const Instruction& instruction, std::vector<Part>& parts);
  void add_run_options(const Instruction& instruction, std::vector<Part>& parts);
  static void add_run_flag(const Flag& flag, Step& step);
  void add_mounts(const Instruction& instruction, Step& step);
  std::string mount_words(const Mount& mount, const std::string& target) const;
  // Whether a mount can be where it is said to be, and read what it is said to read.
  void check_mount(const Instruction& instruction, text::Span span, const Mount& mount,
                   std::string_view target, bool open);
  // What `from` of a mount or of COPY means; the context if it is empty.
  Read origin_of(const Instruction& instruction, std::string_view from, text::Span span);
  Read image_or_context(const Instruction& instruction, std::string_view from, text::Span span);
  // The stage that it names, maybe one below.
  std::optional<size_t> stage_named(const Instruction& instruction, std::string_view from) const;
  // Notes what the mount depends on before anything else of it is looked at.
  void note_source_of(const Instruction& instruction, const Flag& flag, const Mount& mount);
  // BuildKit numbers whatever a COPY --from or a mount named that is not a stage after the last stage.
  void number_source(std::string_view name);

  // COPY and ADD
  struct CopyFlags {
    std::string_view from;
    text::Span from_span;
    bool link = false;
    bool parents = false;
    std::optional<bool> unpack;
    bool keep_git_dir = false;
    std::string checksum;
    text::Span checksum_span;
    bool open_checksum = false;
    std::string mode;
    text::Span mode_span;
    bool open_mode = false;
    std::vector<std::string> exclude;
  };
  void add_copy(const Instruction& instruction);
  CopyFlags read_copy_flags(const Instruction& instruction, Step& step);
  void add_heredoc(const Instruction& instruction, const dockerfile::Heredoc& heredoc, Step& step);
  void add_remote(const std::string& source, const CopyFlags& flags, Step& step) const;
  // A source that is not a heredoc, variables replaced.
  struct Source {
    const Word* word = nullptr;
    std::string text;
    bool open = false;
    // If it has a variable that only the base image may set: patterns of what it may mean.
    std::vector<std::string> possible = {};
  };
  // Patterns of all paths that a source may mean, whatever such variables are.
  std::vector<std::string> possible_paths(const Word& word);
  void add_source(const Instruction& instruction, const Source& source, const CopyFlags& flags, Read& read,
                  Step& step);
  // What BuildKit verifies once all variables are replaced.
  void check_copy(const Instruction& instruction, const CopyFlags& flags, const std::vector<Source>& sources);
  void check_source(const Instruction& instruction, const Source& source, const CopyFlags& flags);

  // The target and all that it needs
  void choose_target();
  void mark_needed(size_t target, bool always);
  void find_circles();

  const dockerfile::File& file_;
  Options options_;
  dockerfile::ExpandOptions expand_options_;
  Environment globals_;
  std::set<std::string, std::less<>> declared_globals_;
  std::optional<Part> epoch_;  // of every WORKDIR
  Graph graph_;
  size_t triggered_ = 0;
  bool in_trigger_ = false;
  std::optional<TriggerPlace> trigger_;  // of what another Dockerfile puts off, while it happens
  size_t used_bytes_ = 0;                // see may_use
  bool open_ = false;  // whether the value that was expanded last depends on build arguments or a base image
  // Whether that value has a variable that only the base image may set, so that it is not known.
  bool image_value_ = false;
  Error unknown_error_;  // the last one that is none if the base image sets what the instruction uses

  // That one stage reads from another.
  struct Reference {
    size_t stage = 0;
    const Instruction* instruction = nullptr;
    text::Span span;
  };
  std::map<size_t, std::vector<Reference>> references_;   // by the stage that reads
  std::map<std::string, size_t, std::less<>> all_names_;  // of several stages of one name the last
  size_t stage_count_ = 0;
  std::vector<std::string> numbered_sources_;  // images and named contexts, from number stage_count_ on
};

}  // namespace dcache::plan
