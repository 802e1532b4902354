#include "dcache/project/workflow_matrix.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dcache/project/ci_files.h"

namespace dcache::project {
namespace {

using yaml::Member;
using yaml::Value;

void set(Value& map, const Member& member) {
  if (Value* const known = map.find(member.name)) {
    *known = member.value;
  } else {
    map.members.push_back(member);
  }
}

// What a matrix may be made of, and what its jobs may grow to.
constexpr size_t kMostMembers = 1000;
constexpr size_t kMostMatrixCharacters = 16U << 20U;

// Those that are read of a list.
template <typename T>
std::span<const T> first_of(MatrixJobs& jobs, const std::vector<T>& list) {
  jobs.too_many = jobs.too_many || list.size() > kMostMembers;
  return std::span(list).first(std::min(list.size(), kMostMembers));
}

// Each job once for each of the values.
void multiply(MatrixJobs& jobs, const Member& axis) {
  std::vector<Value> product;
  size_t size = 0;
  for (const Value& job : jobs.values) {
    for (const Value& value : axis.value.items) {
      size += size_of(job) + size_of(value);
      if (product.size() == kMostMatrixJobs || size > kMostMatrixCharacters) {
        jobs.too_many = true;
        break;
      }
      product.push_back(job);
      product.back().members.push_back({axis.name, axis.kind, axis.place, value});
    }
  }
  jobs.values = std::move(product);
}

// Whether a job has all of these members. A map has them if its own members are.
bool has_all(const Value& job, const Value& members) {
  return std::ranges::all_of(members.members, [&](const Member& member) {
    const Value* const own = job.find(member.name);
    if (own == nullptr) return false;
    if (own->is_map() && member.value.is_map()) return has_all(*own, member.value);
    return own->is_scalar() ? yaml::printed(*own) == yaml::printed(member.value)
                            : yaml::same(*own, member.value);
  });
}

void exclude(MatrixJobs& jobs, const Value& list) {
  for (const Value& members : first_of(jobs, list.items)) {
    if (!members.is_map() || members.members.empty()) continue;
    std::erase_if(jobs.values, [&](const Value& job) { return has_all(job, members); });
  }
}

// Adds members to the jobs whose own values stay as they are, or else a job.
void include(MatrixJobs& jobs, const std::vector<Value>& own, const Value& members) {
  bool added = false;
  for (size_t i = 0; i < own.size(); ++i) {
    const bool fits = std::ranges::all_of(members.members, [&](const Member& member) {
      const Value* const value = own[i].find(member.name);
      return value == nullptr || yaml::same(*value, member.value);
    });
    if (!fits) continue;
    added = true;
    for (const Member& member : members.members)
      set(jobs.values[i], member);
  }
  if (added) return;
  jobs.too_many = jobs.too_many || jobs.values.size() == kMostMatrixJobs;
  if (!jobs.too_many) jobs.values.push_back(members);
}

}  // namespace

MatrixJobs expand_workflow_matrix(const Value& matrix) {
  MatrixJobs jobs;
  jobs.complete = matrix.is_map();
  bool has_axis = false;
  jobs.values.push_back(yaml::empty_map());
  for (const Member& member : first_of(jobs, matrix.members)) {
    if (member.name == "include" || member.name == "exclude") continue;
    has_axis = true;
    if (member.value.is_list()) {
      multiply(jobs, member);
    } else {
      jobs.complete = false;
    }
  }
  const Value* const excluded = matrix.find("exclude");
  if (excluded != nullptr) exclude(jobs, *excluded);
  if (!has_axis) jobs.values.clear();
  const std::vector<Value> own = jobs.values;
  const Value* const included = matrix.find("include");
  if (included != nullptr && !included->is_list()) jobs.complete = false;
  if (included != nullptr) {
    size_t size = 0;
    for (const Value& members : first_of(jobs, included->items)) {
      size += size_of(members) * std::max<size_t>(own.size(), 1);
      if (size > kMostMatrixCharacters) {
        jobs.too_many = true;
        break;
      }
      if (members.is_map()) {
        include(jobs, own, members);
      } else {
        jobs.complete = false;
      }
    }
  }
  if (jobs.values.empty() && !jobs.complete) jobs.values.push_back(yaml::empty_map());
  return jobs;
}

MatrixJobs expand_gitlab_matrix(const Value& matrix) {
  MatrixJobs jobs;
  for (const Value& axes : first_of(jobs, matrix.items)) {
    MatrixJobs more;
    more.values.push_back(yaml::empty_map());
    for (const Member& axis : first_of(more, axes.members)) {
      Member listed = axis;
      if (axis.value.is_scalar()) {
        listed.value = Value{yaml::Kind::kList, axis.value.place, {}, {}, {axis.value}, {}};
      }
      multiply(more, listed);
    }
    jobs.too_many = jobs.too_many || more.too_many;
    for (Value& job : more.values) {
      jobs.too_many = jobs.too_many || jobs.values.size() == kMostMatrixJobs;
      if (!jobs.too_many) jobs.values.push_back(std::move(job));
    }
  }
  if (jobs.values.empty()) jobs.values.push_back(yaml::empty_map());
  return jobs;
}

}  // namespace dcache::project
