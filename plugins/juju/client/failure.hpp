#pragma once

#include <expected>
#include <string_view>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>

namespace cdctl::juju {

/// Why a run of juju gave no answer, as far as its words tell.
enum class FailureKind {
  gone,  ///< "not found": gone, never there, or not this user's; never a proof that a model is gone
  not_allowed,  ///< not logged in, or without the right
  config,       ///< no such controller on this machine, or none chosen
  unreachable,  ///< nobody answered, in time or at all
  local,        ///< juju's own lock files
  exists,
  blocked,      ///< a disabled command, storage that is still there
  version,      ///< this client and that controller do not fit
  garbled,      ///< it ended well and its answer cannot be used
  interrupted,  ///< we were asked to stop
  other,
};

struct Failure {
  FailureKind kind = FailureKind::other;
  Error error;
};
/// What juju was asked for, or why there is no answer.
template <class T>
using Asked = std::expected<T, Failure>;

/// The kind of a run that failed, from its stderr; stdout is not an answer then, `{}` least of all.
[[nodiscard]] FailureKind classify(const Finished& finished);
/// Whether the same question may be asked again a moment later: locks, lost connections. Not for
/// what changes anything.
[[nodiscard]] bool worth_repeating(const Finished& finished);
/// One line: what was attempted, juju's own reason, what to do. Exit code `unknown` for whatever
/// could not be asked.
[[nodiscard]] Error explain(const Finished& finished, std::string_view attempt);

/// A command that failed so can have been carried out all the same: only a fresh look tells.
[[nodiscard]] bool may_have_worked(const Failure& failure);

}  // namespace cdctl::juju
