package estimate

import (
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// tabled is the number of degrees of freedom up to which quantiles of t are
// tabled: the exact computation takes as long as a whole report otherwise.
const tabled = 200

var tableT = sync.OnceValue(func() [tabled + 1]float64 {
	var table [tabled + 1]float64
	for nu := 1; nu <= tabled; nu++ {
		table[nu] = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(nu)}.Quantile((1 + Confidence) / 2)
	}
	return table
})

// quantileT is the two-sided quantile of Student's t at Confidence. Beyond the
// table it is the Cornish-Fisher expansion about the normal quantile
// (Abramowitz & Stegun 26.7.5), exact there to nine decimals.
func quantileT(degrees int64) float64 {
	if degrees <= tabled {
		return tableT()[max(1, degrees)]
	}
	z, nu := quantileZ(), float64(degrees)
	z2 := z * z
	g1 := (z2 + 1) * z / 4
	g2 := ((5*z2+16)*z2 + 3) * z / 96
	g3 := (((3*z2+19)*z2+17)*z2 - 15) * z / 384
	return z + (g1+(g2+g3/nu)/nu)/nu
}

// quantileZ is the same of the normal distribution.
func quantileZ() float64 { return distuv.UnitNormal.Quantile((1 + Confidence) / 2) }
