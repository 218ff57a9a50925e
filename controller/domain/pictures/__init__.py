"""Drawings of figures as SVG: pure, of the same lines on a page and on paper.

Every drawing has a name and a description for those who do not see it, says nothing by colour
alone, and takes all its words from the caller.
"""
