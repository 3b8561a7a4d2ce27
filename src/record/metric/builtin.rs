//! The metrics that fedfleet ships.

use super::{
    Better::{Higher, Lower, Neither},
    Metric, MetricCard, MetricNeeds, MetricSpec, Observation,
    ScaleKind::{Linear, Log},
    barrier,
};
use crate::{
    num::{Real, vector},
    problem::{
        Block, BlockKind,
        evaluate::{Evaluation, Wanted},
        predictions::Score,
    },
};

/// Defines metrics, each by its summary, its card and a function of the score of a model or of a sample of a run, and lists them.
macro_rules! metrics {
    ($($(#[doc = $summary:literal])* $metric:ident = $card:expr, $function:ident($seen:ident) => $value:expr;)*) => {
        $(
            $(#[doc = $summary])*
            #[derive(Debug, Clone, Copy)]
            pub struct $metric;

            impl Metric for $metric {
                const CARD: MetricCard = MetricCard { summary: concat!($($summary),*).trim_ascii(), ..$card };

                metrics!(@$function $seen $value);
            }
        )*

        /// Every metric that fedfleet ships, in the order in which lists show them.
        pub const BUILTIN: &[MetricSpec] = &[$(MetricSpec::of::<$metric>()),*];
    };
    (@of_model $score:ident $value:expr) => {
        fn of_model($score: &Evaluation) -> Option<f64> {
            $value
        }
    };
    (@of_run $sample:ident $value:expr) => {
        fn of_run<R: Real>($sample: &Observation<'_, R>) -> Option<f64> {
            $value
        }
    };
}

/// The defaults of cards: smaller values are better, the scale is linear, and nothing is needed.
const COUNT: MetricCard =
    MetricCard { name: "", summary: "", title: "", unit: "", better: Lower, scale: Linear, needs: MetricNeeds::NOTHING };
/// The same on a logarithmic scale.
const FALLING: MetricCard = MetricCard { scale: Log, ..COUNT };
/// A share of held-out samples.
const SHARE: MetricCard = MetricCard { better: Higher, ..COUNT };

const NONE: Wanted = Wanted::NOTHING;
const LOSS: MetricNeeds = MetricNeeds::scores(Wanted { loss: true, ..NONE });
const GAP: MetricNeeds = MetricNeeds::scores(Wanted { gap: true, ..NONE });
const GRADIENT: MetricNeeds = MetricNeeds::scores(Wanted { gradient_norm: true, ..NONE });
const DISTANCE: MetricNeeds = MetricNeeds::scores(Wanted { distance: true, ..NONE });
const WORST: MetricNeeds = MetricNeeds::scores(Wanted { worst_decile: true, ..NONE });
const TEST: MetricNeeds = MetricNeeds::scores(Wanted { test: true, ..NONE });
const VALIDATION: MetricNeeds = MetricNeeds::scores(Wanted { validation: true, ..NONE });
const SERVER: MetricNeeds = MetricNeeds { server: true, ..MetricNeeds::NOTHING };
const WIDTHS: MetricNeeds = MetricNeeds { widths: true, ..SERVER };
const UPDATES: MetricNeeds = MetricNeeds { updates: true, ..SERVER };
const PEERS: MetricNeeds = MetricNeeds { peers: true, ..MetricNeeds::NOTHING };
const LAYERS: MetricNeeds = MetricNeeds { layers: true, ..PEERS };
const EVIDENCE: MetricNeeds = MetricNeeds { evidence: true, ..SERVER };
const ENERGY: MetricNeeds = MetricNeeds { energy: true, ..MetricNeeds::NOTHING };

metrics! {
    /// Global training loss `f(x)`.
    Loss = MetricCard { name: "loss", title: "training loss", needs: LOSS, ..FALLING },
        of_model(score) => score.loss;

    /// `f(x) − f*`, convex problems only.
    Gap = MetricCard { name: "gap", title: "optimality gap", needs: GAP, ..FALLING },
        of_model(score) => score.gap;

    /// `‖∇f(x)‖`.
    GradNorm = MetricCard { name: "grad-norm", title: "gradient norm", needs: GRADIENT, ..FALLING },
        of_model(score) => score.gradient_norm;

    /// `‖x − x*‖`, convex problems only.
    Distance = MetricCard { name: "distance", title: "distance to optimum", needs: DISTANCE, ..FALLING },
        of_model(score) => score.distance;

    /// Share of held-out samples that are classified correctly [1].
    Accuracy = MetricCard { name: "accuracy", title: "test accuracy", needs: TEST, ..SHARE },
        of_model(score) => score.test.and_then(|test| test.accuracy);

    /// Accuracy of the model as the clients of fewest bits run it, with weights and activations rounded to what they have [1]; methods
    /// with a server only.
    AccuracyNarrowest =
        MetricCard { name: "accuracy-narrowest", title: "test accuracy, fewest bits", needs: WIDTHS, ..SHARE },
        of_run(sample) => sample.by_width.map(|accuracies| accuracies.narrowest);

    /// Accuracy of the model as the clients of most bits run it [1]; methods with a server only.
    AccuracyWidest = MetricCard { name: "accuracy-widest", title: "test accuracy, most bits", needs: WIDTHS, ..SHARE },
        of_run(sample) => sample.by_width.map(|accuracies| accuracies.widest);

    /// Mean over the clients of the accuracy of the model as each runs it at its own bit-width [1]; methods with a server only.
    AccuracyClients =
        MetricCard { name: "accuracy-clients", title: "test accuracy, mean over clients", needs: WIDTHS, ..SHARE },
        of_run(sample) => sample.by_width.map(|accuracies| accuracies.clients);

    /// Mean loss on held-out samples.
    TestLoss = MetricCard { name: "test-loss", title: "test loss", needs: TEST, ..FALLING },
        of_model(score) => score.test.map(|test| test.loss);

    /// Mean loss on the validation part, without regularisation.
    ValidationLoss = MetricCard { name: "validation-loss", title: "validation loss", needs: VALIDATION, ..FALLING },
        of_model(score) => score.validation.map(|validation| validation.loss);

    /// Share of the validation part that is classified correctly [1].
    ValidationAccuracy =
        MetricCard { name: "validation-accuracy", title: "validation accuracy", needs: VALIDATION, ..SHARE },
        of_model(score) => score.validation.and_then(|validation| validation.accuracy);

    /// Mean over the classes that occur of the share of their held-out samples that are classified correctly [1].
    BalancedAccuracy = MetricCard { name: "balanced-accuracy", title: "balanced accuracy", needs: MetricNeeds::prediction(Score::BalancedAccuracy), ..SHARE },
        of_model(score) => prediction(score, Score::BalancedAccuracy);

    /// Mean over the classes of the harmonic mean of precision and recall on held-out samples [1].
    MacroF1 = MetricCard { name: "macro-f1", title: "macro F1", needs: MetricNeeds::prediction(Score::MacroF1), ..SHARE },
        of_model(score) => prediction(score, Score::MacroF1);

    /// Area under the receiver operating characteristic on held-out samples, one class against the rest, mean over the classes [1].
    Auc = MetricCard { name: "auc", title: "AUC", needs: MetricNeeds::prediction(Score::Auc), ..SHARE },
        of_model(score) => prediction(score, Score::Auc);

    /// Expected calibration error on held-out samples, in 15 bins of confidence of equal width [1].
    Ece = MetricCard { name: "ece", title: "calibration error", needs: MetricNeeds::prediction(Score::Ece), ..COUNT },
        of_model(score) => prediction(score, Score::Ece);

    /// The part of the calibration error by which predictions are too sure, weighted by their confidence [1].
    OverConfidence = MetricCard { name: "over-confidence", title: "over-confidence", needs: MetricNeeds::prediction(Score::OverConfidence), ..COUNT },
        of_model(score) => prediction(score, Score::OverConfidence);

    /// Brier score: mean squared distance of the probabilities of all classes from the truth, on held-out samples [1].
    Brier = MetricCard { name: "brier", title: "Brier score", needs: MetricNeeds::prediction(Score::Brier), ..COUNT },
        of_model(score) => prediction(score, Score::Brier);

    /// Mean negative logarithm of the probability of the true class, on held-out samples.
    Nll = MetricCard { name: "nll", title: "negative log-likelihood", needs: MetricNeeds { prediction: Some(Score::Accuracy), ..MetricNeeds::prediction(Score::Loss) }, ..FALLING },
        of_model(score) => prediction(score, Score::Loss);

    /// Root mean squared error on held-out samples.
    Rmse = MetricCard { name: "rmse", title: "RMSE", needs: MetricNeeds::prediction(Score::Rmse), ..FALLING },
        of_model(score) => prediction(score, Score::Rmse);

    /// Mean absolute error on held-out samples.
    Mae = MetricCard { name: "mae", title: "mean absolute error", needs: MetricNeeds::prediction(Score::Mae), ..FALLING },
        of_model(score) => prediction(score, Score::Mae);

    /// Share of the variance of held-out targets that is explained [1].
    R2 = MetricCard { name: "r2", title: "R²", needs: MetricNeeds::prediction(Score::R2), ..SHARE },
        of_model(score) => prediction(score, Score::R2);

    /// Mean local loss of the worst tenth of the clients.
    WorstDecileLoss = MetricCard { name: "worst-decile-loss", title: "worst-decile client loss", needs: WORST, ..FALLING },
        of_model(score) => score.worst_decile;

    /// Mean staleness of all updates so far [server versions].
    Staleness = MetricCard { name: "staleness", title: "mean staleness", unit: "server versions", needs: SERVER, ..COUNT },
        of_run(sample) => sample.protocol.staleness();

    /// Share of the clients in the latest server step [1].
    Participation = MetricCard { name: "participation", title: "participation", needs: SERVER, ..SHARE },
        of_run(sample) => sample.protocol.latest_batch().map(|batch| batch as f64 / sample.world.clients() as f64);

    /// Signal-to-noise ratio of the mean update of the latest server step, estimated from the spread of its updates [1]: where some of many
    /// clients take part, their sampling and their mini-batches are the noise; where all do, how unlike they are. Empty before the first
    /// step, and under secure aggregation. Methods with a server only.
    UpdateSnr = MetricCard { name: "update-snr", title: "signal-to-noise ratio of updates", better: Neither, needs: UPDATES, ..COUNT },
        of_run(sample) => sample.protocol.update_noise()?.signal_to_noise();

    /// Number of updates whose mean would have a signal-to-noise ratio of 1, by the updates of the latest server step [1]; empty where no
    /// signal is seen. Methods with a server only.
    NoiseScale = MetricCard { name: "noise-scale", title: "noise scale of updates", better: Neither, needs: UPDATES, ..FALLING },
        of_run(sample) => sample.protocol.update_noise()?.noise_scale();

    /// Energy of all local steps computed so far, including those of visits that were lost or cancelled [J].
    Energy = MetricCard { name: "energy", title: "energy", unit: "J", needs: ENERGY, ..COUNT },
        of_run(sample) => Some(sample.ledger.energy);

    /// Stochastic gradients whose results were used so far. The others in the column `gradients` were computed in vain, by clients that
    /// were lost, cancelled or rejected, or are still on their way [1].
    GradientsUsed = MetricCard { name: "gradients-used", title: "gradients used", ..COUNT },
        of_run(sample) => Some(sample.ledger.gradients_used as f64);

    /// Memory that all clients together keep between their visits, for the method, the compressors and the clients' optimisers, at 32
    /// bits a number [bit]. The model does not count, since it comes anew with each call. Methods with a server only.
    ClientMemory = MetricCard { name: "client-memory", title: "memory of clients", unit: "bit", needs: SERVER, ..COUNT },
        of_run(sample) => sample.protocol.client_memory().map(|bits| bits as f64);

    /// Log marginal likelihood of all training targets under the prior of `analytic` with `evidence` [nat].
    Evidence = MetricCard { name: "evidence", title: "log evidence", unit: "nat", better: Higher, needs: EVIDENCE, ..COUNT },
        of_run(sample) => sample.protocol.evidence();

    /// Root mean square distance of the nodes' models from their mean; peers only.
    Consensus = MetricCard { name: "consensus", title: "consensus distance", needs: PEERS, ..FALLING },
        of_run(sample) => sample.nodes().map(consensus);

    /// Training loss of the mean of all nodes' models less the mean of their losses: what averaging them costs; peers only.
    Barrier = MetricCard { name: "barrier", title: "loss barrier", needs: PEERS, ..COUNT },
        of_run(sample) => barrier::of_nodes(sample);

    /// What averaging one layer of all nodes' models alone costs, weights and biases: the mean training loss with the mean layer less that
    /// without; peers only. The one of layer 2 is `layer-barrier-2`.
    LayerBarrier = MetricCard { name: "layer-barrier", title: "loss barrier", needs: LAYERS, ..COUNT },
        of_run(sample) => barrier::of_layer(sample);

    /// Variance of the entries of each layer's weights, mean over the nodes; peers only. The one of layer 2 is `layer-variance-2`.
    LayerVariance = MetricCard { name: "layer-variance", title: "weight variance", needs: LAYERS, ..FALLING },
        of_run(sample) => layer_variance(sample);
}

/// A score of the predictions of held-out samples.
fn prediction(model: &Evaluation, score: Score) -> Option<f64> {
    model.predictions.as_ref()?.score(score)
}

/// Root mean square distance of the nodes' models from their mean.
fn consensus<R: Real>(nodes: &[&[R]]) -> f64 {
    let mean = vector::mean(nodes);
    let total: f64 = nodes.iter().map(|x| vector::distance2(x, &mean)).sum();
    (total / nodes.len() as f64).sqrt()
}

/// Variance of the weights of the layer that is sampled, mean over the nodes.
fn layer_variance<R: Real>(sample: &Observation<'_, R>) -> Option<f64> {
    let nodes = sample.nodes()?;
    let is_weight = |block: &&Block| block.kind == BlockKind::Weight;
    let block = sample.world.objective().blocks().iter().filter(is_weight).nth(sample.layer)?;
    let variances = nodes.iter().map(|x| vector::variance(&x[block.range.clone()]));
    Some(variances.sum::<f64>() / nodes.len() as f64)
}
