// A change that is asked about, and which steps of which images it rebuilds.
#pragma once

#include <string>
#include <vector>

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/project/affected.h"

namespace dcache::cli {

struct QuestionFlags {
  std::vector<std::string> changed;
  std::vector<std::string> since;
  std::vector<std::string> git;
  std::vector<std::string> cache_from;

  // Whether something is said to have changed.
  bool is_given() const { return !changed.empty() || !since.empty() || !git.empty() || !cache_from.empty(); }
};
// Adds --changed, --since, --git and --cache-from.
void add_question_options(Command& command, QuestionFlags& flags);
// Asks what rebuilds since the last commit, if nothing is asked. False, with a word on standard error, if
// that can't be, or too much is asked.
bool complete(QuestionFlags& flags);

// What is asked, of which images, and the answer.
class Question {
 public:
  // All have to outlive it. `failed` is set if something that is asked about can't be read.
  Question(const QuestionFlags& question, const BuildFlags& build, bool& failed)
      : question_(question), build_(build), failed_(failed) {}

  // This option can't be about several images.
  void needs_one(std::string_view option) { needs_one_ = option; }
  // False, with a word on standard error, if there is no answer.
  bool answer();

  bool is_about_several() const { return selection_.meant.size() > 1 || !is_of_one_file(); }
  const Selection& selection() const { return selection_; }
  // One for each image that is meant.
  std::vector<const project::ImageEffect*> effects() const;
  const std::vector<text::Failure>& failures() const { return affected_.failures; }
  // Sentences about what the answer is without.
  const std::vector<std::string>& warnings() const { return affected_.warnings; }
  const std::vector<std::string>& outside() const { return affected_.outside; }
  // Of the names of --changed, those that nothing has: they neither exist nor did, or match nothing.
  const std::vector<std::string>& unknown() const { return unknown_; }
  // "when main.go changes, on a worker that starts empty and imports a cache"
  std::string occasion(const project::ImageEffect& effect) const;

 private:
  std::string words_for(const project::ImageEffect& effect) const;
  bool is_of_one_file() const;
  bool is_one_if_needed() const;
  bool import_caches();
  bool answer_git();
  bool answer_since();
  bool answer_changed();
  project::AffectedOptions judging();

  const QuestionFlags& question_;
  const BuildFlags& build_;
  bool& failed_;
  std::string needs_one_;
  Selection selection_;
  project::AffectedImages affected_;
  std::vector<std::string> unknown_;
  HashingLine line_;
};

}  // namespace dcache::cli
