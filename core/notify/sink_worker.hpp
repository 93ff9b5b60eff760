#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>

#include "core/app/context.hpp"

namespace cdctl::notify {

/// Passes records on to sinks in a thread of its own, so that a slow sink holds back nobody who
/// reads our stdout. From start to finish() this thread alone uses the plugins, stderr and the exit
/// code; who feeds it keeps to stdin and stdout.
class SinkWorker {
 public:
  struct Named {
    std::string name;
    Sink* sink;
  };

  SinkWorker(app::Context& context, std::vector<Named> sinks, Millis timeout);
  ~SinkWorker();

  /// A record to pass on, `bytes` long as text. Waits while very much is under way.
  void add(Json record, std::size_t bytes);
  /// Something to say on stderr, in its turn.
  void report(Error error);
  /// Passes on what is left, says what was not passed on, and ends the thread.
  void finish();

 private:
  struct Batch {
    std::vector<Json> records;
    std::vector<Error> errors;
    std::size_t bytes = 0;
    [[nodiscard]] bool empty() const { return records.empty() && errors.empty(); }
  };

  void work();
  [[nodiscard]] Batch take();
  [[nodiscard]] Result<> pass(Sink& sink, const std::vector<Json>& records) const;

  app::Context& context_;
  std::vector<Named> sinks_;
  std::vector<std::size_t> lost_;  ///< by sink: records that it did not take
  Millis timeout_;
  std::mutex mutex_;
  std::condition_variable filled_, taken_;
  Batch waiting_;
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace cdctl::notify
