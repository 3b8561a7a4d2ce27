//! What fedfleet ships.

use super::Registry;
use crate::{
    method::{
        adpsgd::AdPsgd,
        analytic::Analytic,
        anarchic::{AfaCd, AfaCs},
        choco::Choco,
        controlled::{Scafcom, Scaffold1, Scallion},
        delayed_nesterov::DelayedNesterov,
        diloco::DiLoCo,
        dpsgd::DPsgd,
        fedadaptive::{FedAdagrad, FedAdam, FedYogi},
        fedasync::FedAsync,
        fedau::FedAu,
        fedavg::FedAvg,
        fedavg_m::FedAvgLocalM,
        fedavg_m_vr::FedAvgMVr,
        fedavgm::FedAvgM,
        fedbuff::FedBuff,
        feddyn::FedDyn,
        fednova::FedNova,
        fedprox::FedProx,
        fedsgd::FedSgd,
        fedvarp::FedVarp,
        gossip_vc::GossipVc,
        gradient_tracking::GradientTracking,
        grouped_average::GroupedAverage,
        mifa::Mifa,
        prowd::ProWd,
        push_gossip::PushGossip,
        scaffold::Scaffold,
        scaffold_m::ScaffoldM,
        scaffold_m_vr::ScaffoldMVr,
        sgp::Sgp,
        token_walk::TokenWalk,
    },
    part::compressor::{
        DianaSpec, Ef, Ef21Spec, Identity, Lazy, Natural, NaturalDither, Nearest, Pruned, Qsgd, RandKSpec, ScaledSign,
        Stochastic, TernGrad, TopK,
    },
    problem::{
        net::MlpSpec,
        quadratic::QuadraticSpec,
        regression::{LeastSquares, Logistic},
        softmax::SoftmaxSpec,
    },
    record::metric::BUILTIN,
};

impl Registry {
    /// All that fedfleet ships.
    pub fn builtin() -> Self {
        Self::empty().with_methods().with_compressors().with_objectives().with(|lists| lists.metrics.extend(BUILTIN))
    }

    fn with_methods(self) -> Self {
        self.method::<FedSgd>()
            .method::<FedAvg>()
            .method::<FedProx>()
            .method::<FedNova>()
            .method::<Scaffold>()
            .method::<Scaffold1>()
            .method::<Scallion>()
            .method::<Scafcom>()
            .method::<FedAvgLocalM>()
            .method::<FedAvgMVr>()
            .method::<ScaffoldM>()
            .method::<ScaffoldMVr>()
            .method::<GroupedAverage>()
            .method::<ProWd>()
            .method::<FedAvgM>()
            .method::<FedAdagrad>()
            .method::<FedAdam>()
            .method::<FedYogi>()
            .method::<FedDyn>()
            .method::<Mifa>()
            .method::<FedVarp>()
            .method::<FedAu>()
            .method::<FedBuff>()
            .method::<FedAsync>()
            .method::<AfaCd>()
            .method::<AfaCs>()
            .method::<DiLoCo>()
            .method::<DelayedNesterov>()
            .method::<Analytic>()
            .peer_method::<GossipVc>()
            .peer_method::<PushGossip>()
            .peer_method::<DPsgd>()
            .peer_method::<GradientTracking>()
            .peer_method::<Sgp>()
            .peer_method::<AdPsgd>()
            .peer_method::<Choco>()
            .peer_method::<TokenWalk>()
    }

    fn with_compressors(self) -> Self {
        self.compressor::<Identity>()
            .compressor::<TopK>()
            .compressor::<Pruned>()
            .compressor::<RandKSpec>()
            .compressor::<Lazy>()
            .compressor::<Qsgd>()
            .compressor::<TernGrad>()
            .compressor::<Natural>()
            .compressor::<NaturalDither>()
            .compressor::<ScaledSign>()
            .compressor::<Stochastic>()
            .compressor::<Nearest>()
            .compressor::<Ef>()
            .compressor::<Ef21Spec>()
            .compressor::<DianaSpec>()
    }

    fn with_objectives(self) -> Self {
        self.objective::<QuadraticSpec>()
            .objective::<LeastSquares>()
            .objective::<Logistic>()
            .objective::<SoftmaxSpec>()
            .objective::<MlpSpec>()
    }
}
