#include "core/notify/sink_worker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::notify {

namespace {

constexpr std::size_t k_most_records = 20'000,
                      k_most_bytes = 64u << 20;  // that wait; beyond, reading waits
constexpr Millis k_first_pause{100}, k_longest_pause{2'000};

}  // namespace

SinkWorker::SinkWorker(app::Context& context, std::vector<Named> sinks, Millis timeout)
    : context_(context),
      sinks_(std::move(sinks)),
      lost_(sinks_.size()),
      timeout_(timeout),
      thread_([this] { work(); }) {}

SinkWorker::~SinkWorker() { finish(); }

void SinkWorker::add(Json record, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [&] {
    return waiting_.records.size() < k_most_records && waiting_.bytes < k_most_bytes;
  });
  waiting_.records.push_back(std::move(record));
  waiting_.bytes += bytes;
  filled_.notify_one();
}

void SinkWorker::report(Error error) {
  const std::scoped_lock lock(mutex_);
  waiting_.errors.push_back(std::move(error));
  filled_.notify_one();
}

void SinkWorker::finish() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    filled_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

SinkWorker::Batch SinkWorker::take() {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
  Batch out = std::exchange(waiting_, {});
  taken_.notify_one();
  return out;
}

Result<> SinkWorker::pass(Sink& sink, const std::vector<Json>& records) const {
  const Deadline deadline(timeout_);
  for (auto pause = k_first_pause;; pause = std::min(pause * 2, k_longest_pause)) {
    auto passed = sink.pass("", records, deadline);
    // They may come twice: the same call may work a moment later.
    if (passed) return {};
    if (!passed.error().transient || deadline.left() <= pause || !pause_for(pause))
      return fail(std::move(passed.error()));
  }
}

void SinkWorker::work() {
  for (;;) {
    const auto batch = take();
    if (batch.empty()) break;
    for (const auto& error : batch.errors) context_.report(error);
    if (batch.records.empty()) continue;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      const auto passed = pass(*sinks_[i].sink, batch.records);
      if (passed) continue;
      lost_[i] += batch.records.size();
      context_.report(
          {ExitCode::failed,
           fmt::format("passing {} on to {}: {}",
                       plural(static_cast<std::int64_t>(batch.records.size()), "record"),
                       sinks_[i].name, passed.error().what)});
    }
  }
  for (std::size_t i = 0; i < sinks_.size(); ++i)
    if (lost_[i] > 0)
      context_.out.note(
          fmt::format("{}: {} records in all were not passed on", sinks_[i].name, lost_[i]));
}

}  // namespace cdctl::notify
