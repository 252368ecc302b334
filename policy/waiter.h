// SPDX-License-Identifier: Apache-2.0
// waiter: how a policy that made a request wait says that it may be asked again.
#pragma once

// Who holds a request for a policy (VERDICT_WAIT). The policy that keeps one calls wake at most once per
// WAIT, from any thread, and never after its on_end has returned.
struct waiter {
    void (*wake)(struct waiter *w);
};
