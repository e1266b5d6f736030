// squares[o] = |w[o]|², row by row of a matrix whose inputs lie side by side. In double,
// for a square of a float may leave float's range.
#include "product.h"
#include "reduce.h"

KERNEL void NAMED(squares)(const u8 *w, double *squares, int width, long row) {
	SHARED double scratch[REDUCES];
	double sum = 0;
	for (int i = thread(); i < width; i += threads()) {
		double x = element<TYPE>(w, block_x() * row + i);
		sum += x * x;
	}
	sum = reduce(scratch, sum, Sum());
	if (thread() == 0) squares[block_x()] = sum;
}
