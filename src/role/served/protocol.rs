//! The served protocol: the messages and jobs behind the two halves of a method.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Apply, Arrived, Downlink, Job, Message, Plan, ServerUpdate, Standing, Upload, Workload, links::Parcel, questions::Questions,
    state::State,
};
use crate::{
    engine::{Control, NodeId, Protocol, SERVER, touched::Touched},
    fleet::Presence,
    num::Real,
    role::{
        Memory, Scratch,
        schedule::{Next, Roster, Schedule, Wake},
    },
};

/// Clients around a server, as the engine sees them.
pub struct Served<R: Real> {
    plan: Plan<R>,
    server: Box<dyn ServerUpdate<R>>,
    schedule: Box<dyn Schedule>,
    presence: Presence,
    state: State<R>,
}

impl<R: Real> Served<R> {
    /// A server and its clients before the first call.
    pub fn new(plan: Plan<R>, server: Box<dyn ServerUpdate<R>>, schedule: Box<dyn Schedule>) -> Self {
        let presence = Presence::new();
        Self { plan, server, schedule, presence, state: State::new() }
    }

    /// The same with another server half.
    #[cfg(test)]
    pub(crate) fn with_server(mut self, server: Box<dyn ServerUpdate<R>>) -> Self {
        self.server = server;
        self
    }

    /// The server's iterate, shape `[d]`.
    pub fn iterate(&self) -> &[R] {
        self.server.iterate()
    }

    /// The server half of the method.
    pub fn server(&self) -> &dyn ServerUpdate<R> {
        self.server.as_ref()
    }

    /// Server steps so far.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    /// Participation and staleness so far.
    pub fn standing(&self) -> Standing {
        self.state.standing
    }

    /// Number of accepted uploads of each staleness, from 0.
    pub fn tally(&self) -> &[u64] {
        &self.state.tally
    }

    /// Memories of the clients that have been accepted at least once, by client.
    pub fn memories(&self) -> &Touched<Arc<Memory<R>>> {
        &self.state.memories
    }

    fn ask(
        &mut self,
        control: &mut Control<'_, Self>,
        question: impl FnOnce(&mut dyn Schedule, &mut Roster<'_>) -> Next,
    ) -> Next {
        let called = &self.state.called;
        let busy = |node: NodeId| called.contains(node);
        let inquiry = Questions::new(&self.plan, self.server.iterate());
        let mut roster = Roster {
            now: control.now(),
            version: self.state.version,
            clients: self.plan.world.clients(),
            presence: &mut self.presence,
            fleet: &self.plan.world.fleet,
            streams: self.plan.world.streams(),
            busy: &busy,
            withdrawn: BTreeSet::new(),
            called: BTreeSet::new(),
            inquiry: &inquiry,
        };
        let next = question(self.schedule.as_mut(), &mut roster);
        control.charge(&inquiry.spent());
        next
    }

    fn obey(&mut self, next: Next, control: &mut Control<'_, Self>) {
        for client in next.cancel {
            let _ = self.state.called.remove(client);
            control.cancel(client);
        }
        if next.apply {
            self.apply(control.now());
        }
        for client in next.call {
            self.call(client, control);
        }
        for wake in next.wake {
            match wake {
                Wake::Timer { after, key } => control.timer(after, key),
                Wake::Settle { after, key } => control.settle(after, key),
            }
        }
    }

    fn apply(&mut self, now: f64) {
        let mut batch = std::mem::take(&mut self.state.collected);
        let mut ctx = Apply {
            version: self.state.version,
            now,
            world: &self.plan.world,
            local_lr: self.plan.local.rate.at(self.state.version, 0),
            mean_weight: self.plan.discount.mean_weight(batch.iter().map(|up| up.staleness)),
            parts: &self.plan.server,
            state: &mut self.state.parts,
        };
        self.server.apply(&batch, &mut ctx);
        self.state.standing.last_batch = batch.len();
        self.state.version += 1;
        batch.clear();
        self.state.collected = batch;
    }

    fn call(&mut self, client: NodeId, control: &mut Control<'_, Self>) {
        let call = self.state.calls;
        self.state.calls += 1;
        let _ = self.state.called.insert(client, call);
        let down = self.server.broadcast(client);
        let Parcel { down, bits } = self.state.downlinks.pack(&self.plan.links, &self.plan.world, (client, call), down);
        let message = Message::Down(Downlink { call, version: self.state.version, down });
        control.send(SERVER, client, message, bits);
    }

    fn begin(&mut self, client: NodeId, origin: Downlink<R>, control: &mut Control<'_, Self>) {
        if self.state.called.get(client) != Some(&origin.call) {
            return;
        }
        self.state.downlinks.received(client);
        let visit = control.visits(client);
        let steps = self.plan.world.local_steps(&self.plan.local, client, visit);
        let memory = self.state.memories.get(client).cloned();
        let work = Workload { steps, pass: self.plan.local.batch.pass(self.plan.world.objective().samples(client)) };
        let gradients = self.plan.client.gradients(&origin.down, work);
        control.compute(client, gradients, Job { client, visit, steps, origin, memory });
    }

    fn collect(&mut self, from: NodeId, upload: Upload<R>, control: &mut Control<'_, Self>) {
        if self.state.called.get(from) != Some(&upload.origin.call) {
            return;
        }
        let _ = self.state.called.remove(from);
        let staleness = self.state.version - upload.origin.version;
        if self.plan.max_staleness.is_some_and(|most| staleness > most) {
            let next = self.ask(control, |schedule, roster| schedule.on_lost(from, roster));
            return self.obey(next, control);
        }
        if let Some(memory) = upload.memory {
            let _ = self.state.memories.insert(from, Arc::new(memory));
        }
        self.state.count(staleness);
        self.state.collected.push(Arrived {
            from,
            up: upload.up,
            down: upload.origin.down,
            staleness,
            weight: self.plan.discount.weight(staleness) * self.schedule.weight(from),
            steps: upload.steps,
            total_lr: upload.total_lr,
        });
        let next = self.ask(control, |schedule, roster| schedule.on_arrival(from, roster));
        self.obey(next, control);
    }

    fn lose(&mut self, client: NodeId, control: &mut Control<'_, Self>) {
        if self.state.called.remove(client).is_some() {
            let next = self.ask(control, |schedule, roster| schedule.on_lost(client, roster));
            self.obey(next, control);
        }
    }
}

impl<R: Real> Protocol for Served<R> {
    type Msg = Message<R>;
    type Job = Job<R>;
    type Out = Upload<R>;
    type Scratch = Scratch<R>;

    fn start(&mut self, control: &mut Control<'_, Self>) {
        let next = self.ask(control, |schedule, roster| schedule.start(roster));
        self.obey(next, control);
    }

    fn on_message(&mut self, from: NodeId, to: NodeId, message: Message<R>, control: &mut Control<'_, Self>) {
        match message {
            Message::Down(origin) => self.begin(to, origin, control),
            Message::Up(upload) => self.collect(from, upload, control),
        }
    }

    fn on_computed(&mut self, node: NodeId, upload: Upload<R>, control: &mut Control<'_, Self>) {
        let bits = upload.bits;
        control.send(node, SERVER, Message::Up(upload), bits);
    }

    fn on_timer(&mut self, key: u64, control: &mut Control<'_, Self>) {
        let next = self.ask(control, |schedule, roster| schedule.on_timer(key, roster));
        self.obey(next, control);
    }

    fn on_lost(&mut self, node: NodeId, control: &mut Control<'_, Self>) {
        self.lose(node, control);
    }

    fn on_dropped(&mut self, from: NodeId, to: NodeId, _: Message<R>, control: &mut Control<'_, Self>) {
        self.lose(if from == SERVER { to } else { from }, control);
    }

    fn run_job(&self, job: &Job<R>, scratch: &mut Scratch<R>) -> Upload<R> {
        self.plan.run(job, scratch)
    }

    fn cost(&self, job: &Job<R>) -> f64 {
        self.plan.cost(job)
    }

    fn save(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&(&self.state, self.server.save()?, self.schedule.save()?))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let (state, server, schedule): (State<R>, Vec<u8>, Vec<u8>) = postcard::from_bytes(bytes)?;
        self.state = state;
        self.server.load(&server)?;
        self.schedule.load(&schedule)
    }
}
